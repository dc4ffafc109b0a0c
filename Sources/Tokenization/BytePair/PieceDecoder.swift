import Support

/// How pieces become text: the `decoder` of a `tokenizer.json`.
struct PieceDecoder: Equatable, Sendable {
    /// Bytes of a spelling that are replaced.
    struct Replacement: Equatable, Sendable { var from, to: [UInt8] }

    var rules = DecodingRules()
    var replacements: [Replacement] = []
    /// Whether pieces spelled `<0x0A>` stand for one byte.
    var hasByteFallback = false

    /// Appends the bytes that a piece adds to a text.
    func append(_ spelling: ArraySlice<UInt8>, to output: inout [UInt8]) {
        if rules.isByteLevel {
            let isAlphabet = spelling.withUnsafeBufferPointer { ByteAlphabet.decode($0, to: &output) }
            if !isAlphabet { output += spelling }
            return
        }
        guard replacements.contains(where: { spelling.contains($0.from[0]) }) else {
            output += spelling
            return
        }
        let steps = replacements.map { TextNormalizer.Step.replace($0.from, $0.to) }
        output += TextNormalizer(steps: steps).normalize(Array(spelling))
    }
}

/// Reads the `decoder` of a `tokenizer.json`.
struct DecoderReader {
    private let fields: FieldReader

    init(_ fields: FieldReader) { self.fields = fields }

    private static let accepted =
        "ByteLevel, Metaspace, or a Sequence of Replace, ByteFallback, Fuse and Strip"

    func read(_ value: JSONValue?, isByteLevel: Bool) throws -> PieceDecoder {
        var list: [(JSONValue, String)] = []
        try flatten(value, "decoder", into: &list)
        var decoder = PieceDecoder()
        decoder.rules = DecodingRules(leadingSpaces: .kept, faults: .eachByte, isByteLevel: false)
        var isFused = false
        for (value, path) in list {
            let object = try fields.object(value, path)
            let type = try fields.string(object["type"], "\(path).type")
            switch type {
            case "ByteLevel" where list.count == 1: decoder.rules = DecodingRules()
            case "Metaspace" where list.count == 1:
                var reader = PreTokenizerReader(fields)
                try reader.read(value, path)
                guard case .metaspace(let index, let scheme)? = reader.preTokenizer.stages.first else {
                    break
                }
                decoder.replacements = [.init(from: reader.preTokenizer.literals[index], to: [0x20])]
                decoder.rules.leadingSpaces = scheme == .never ? .kept : .ofFirstPiece
            case "Replace" where !isFused:
                for case .replace(let from, let to) in try NormalizerReader(fields).read(value, path).steps {
                    decoder.replacements.append(.init(from: from, to: to))
                }
            case "ByteFallback" where !isFused: decoder.hasByteFallback = true
            case "Fuse": isFused = true
            case "Strip" where isFused:
                let isSpace = object["content"] == .string(" ") && object["stop"] == .integer(0)
                switch object["start"] {
                case .integer(0)? where isSpace: break
                case .integer(1)? where isSpace: decoder.rules.leadingSpaces = .one
                default:
                    throw fields.error(path, "is \(value.text)", "Strip of at most one space at the start")
                }
            default: throw fields.error("\(path).type", "is \"\(type)\" here", Self.accepted)
            }
        }
        guard !list.isEmpty else { throw fields.wrong(value, "decoder", Self.accepted) }
        guard decoder.rules.isByteLevel == isByteLevel else {
            throw fields.error(
                "decoder", isByteLevel ? "is not ByteLevel" : "is ByteLevel",
                "ByteLevel where the pre-tokenizer is")
        }
        return decoder
    }

    private func flatten(
        _ value: JSONValue?, _ path: String, into list: inout [(JSONValue, String)], depth: Int = 0
    ) throws {
        guard let value, value != .null else { return }
        guard case .object(let object) = value, object["type"] == .string("Sequence"), depth < 16 else {
            list.append((value, path))
            return
        }
        for (index, value) in try fields.array(object["decoders"], "\(path).decoders").enumerated() {
            try flatten(value, "\(path).decoders[\(index)]", into: &list, depth: depth + 1)
        }
    }
}
