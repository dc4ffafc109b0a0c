import Foundation
import Support

/// A Hugging Face `tokenizer.json`, read and checked.
///
/// Whatever would change ids and is not supported is refused with its JSON path. `truncation` and `padding`, which only concern
/// batches, are not read.
/// Source: the `tokenizers` library, version 0.23.
struct TokenizerJSON {
    /// The file's bytes, with the added tokens as they are used: a copy of them needs no files beside it to divide text so.
    let data: Data
    /// Vocabulary and added tokens.
    private(set) var pieces: PieceTable
    private(set) var kinds: [PieceKind] = []
    private(set) var merges: MergeTable
    /// Minus the rank of the first merge that makes each piece; 0 for those that none makes. Of a unigram model its scores.
    private(set) var scores: [Float] = []
    /// Of a unigram model: the log probability of each id.
    private(set) var logProbabilities: [Double]?
    private(set) var model = Model()
    private(set) var addedTokens: [AddedTokens.Token] = []
    /// Added tokens that are left out, because the model's embedding table has no row for them.
    let beyond: [AddedTokens.Token]
    private(set) var normalizer = TextNormalizer()
    private(set) var preTokenizer = PreTokenizer()
    private(set) var byteLevel = ByteLevelUse.none
    private(set) var decoder = PieceDecoder()
    /// The ids that the post-processor puts around a text.
    private(set) var template: (begin: Int32?, end: Int32?) = (nil, nil)

    /// Where in the pre-tokenizer bytes become characters of `ByteAlphabet`.
    enum ByteLevelUse: Sendable {
        case none
        /// In the last stage.
        case atEnd
        /// Before other stages, which see the characters.
        case before
    }

    /// Settings of the model.
    struct Model: Equatable {
        var kind = TokenizerKind.bpe
        var unknown: Int32?
        var fusesUnknown = false
        var hasByteFallback = false
        var ignoresMerges = false
    }

    /// Ids are below this, as those of models are.
    static let mostPieces = 1 << 24
    /// So many ids more than pieces may be left out.
    private static let mostHoles = 1 << 16

    /// - Parameters:
    ///   - configuration: What the files beside it say of added tokens.
    ///   - rows: Of the model's embedding table; added tokens beyond it are left out.
    ///   - name: What errors call the file.
    init(
        _ data: Data, configuration: TokenizerConfiguration = TokenizerConfiguration(), rows: Int? = nil,
        name: String
    ) throws {
        var content = try Content(data, name: name)
        let fields = FieldReader(name: name)
        let listed = try Self.addedTokens(content.added, fields)
        beyond = listed.filter { Int($0.id) >= rows ?? .max }
        // Files may have them in the vocabulary too.
        content.remove(Set(beyond.map(\.id)))
        let used = listed.filter { Int($0.id) < rows ?? .max }
        pieces = try Self.pieces(content, used, fields)
        addedTokens = Self.addedTokens(used, following: configuration, pieces)
        if addedTokens != used {
            self.data = Self.data(data, content.addedRange, replacing: addedTokens + beyond)
        } else {
            self.data = data
        }
        model = try Self.model(content, pieces, fields)
        (merges, scores) = try Self.merges(content, pieces, ignoring: addedTokens, fields)
        if let given = content.logProbabilities {
            // Added tokens that the model does not have are not found by it.
            let all = given + [Double](repeating: 0, count: max(pieces.count - given.count, 0))
            (logProbabilities, scores) = (given, all.map { Float($0) })
        }
        normalizer = try NormalizerReader(fields).read(content.rest["normalizer"], "normalizer")
        var reader = PreTokenizerReader(fields)
        try reader.read(content.rest["pre_tokenizer"], "pre_tokenizer")
        (preTokenizer, byteLevel) = (reader.preTokenizer, reader.byteLevel)
        decoder = try DecoderReader(fields).read(content.rest["decoder"], isByteLevel: byteLevel != .none)
        template = try TemplateReader(fields, pieces).read(content.rest["post_processor"], "post_processor")
        kinds = kindsOfPieces()
    }

    private func kindsOfPieces() -> [PieceKind] {
        var kinds = (0..<Int32(pieces.count)).map { pieces.isEmpty($0) ? PieceKind.unused : .normal }
        if model.hasByteFallback, decoder.hasByteFallback {
            for id in kinds.indices where pieces.bounds[id + 1] - pieces.bounds[id] == 6 {
                if BytePiece.value(of: pieces.spelling(Int32(id))) != nil { kinds[id] = .byte }
            }
        }
        for token in addedTokens { kinds[Int(token.id)] = token.isSpecial ? .control : .userDefined }
        if let unknown = model.unknown { kinds[Int(unknown)] = .unknown }
        return kinds
    }

    // MARK: - Pieces

    private static func pieces(
        _ content: Content, _ added: [AddedTokens.Token], _ fields: FieldReader
    ) throws -> PieceTable {
        var places = [Int32](repeating: -1, count: max(content.largestID + 1, 0))
        guard places.count <= content.ids.count + mostHoles else {
            throw fields.error(
                "model.vocab", "has \(content.ids.count) pieces but the id \(content.largestID)",
                "ids without large gaps")
        }
        for (place, id) in content.ids.enumerated() {
            if places[Int(id)] >= 0 {
                throw fields.error(
                    "model.vocab",
                    "has the id \(id) twice, for \(content.spelling(Int(places[Int(id)]))) and "
                        + content.spelling(place), "one piece for an id")
            }
            places[Int(id)] = Int32(place)
        }
        var (bytes, bounds) = ([UInt8](), [0])
        bytes.reserveCapacity(content.bytes.count)
        for place in places {
            if place >= 0 {
                bytes += content.bytes[content.bounds[Int(place)]..<content.bounds[Int(place) + 1]]
            }
            bounds.append(bytes.count)
        }
        var table = try table(bytes, bounds, fields)
        let size = table.count
        // Added tokens that the model has not are numbered behind it, in the order of the file.
        var next = content.ids.count
        for (index, token) in added.enumerated() {
            let path = "added_tokens[\(index)]"
            if let id = table.id(of: token.content) {
                guard id == token.id else {
                    throw fields.error(
                        path,
                        "\(token.content.debugDescription) has the id \(token.id), but \(id) in model.vocab",
                        "the same id in both")
                }
                continue
            }
            guard Int(token.id) == next, next >= size else {
                throw fields.error(
                    path, "\(token.content.debugDescription) has the id \(token.id)",
                    "added tokens that model.vocab does not have, numbered from \(max(next, size))")
            }
            next += 1
            try table.append(token.content)
        }
        return table
    }

    private static func table(_ bytes: [UInt8], _ bounds: [Int], _ fields: FieldReader) throws -> PieceTable {
        do {
            return try PieceTable(bytes: bytes, bounds: bounds)
        } catch {
            let spelling = String(
                decoding: bytes[bounds[Int(error.first)]..<bounds[Int(error.first) + 1]], as: UTF8.self)
            throw fields.error(
                "model.vocab",
                "has \(spelling.debugDescription) twice, as \(error.first) and \(error.second)",
                "different spellings")
        }
    }

    private static func model(
        _ content: Content, _ pieces: PieceTable, _ fields: FieldReader
    ) throws -> Model {
        let (settings, size) = (content.settings, content.ids.count)
        var model = Model()
        if content.logProbabilities != nil { return try unigramModel(settings, size: size, fields) }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            switch settings[key] {
            case nil, .null?, .string("")?: break
            case let value?: throw fields.error("model.\(key)", "is \(value.text)", "null or an empty text")
            }
        }
        switch settings["dropout"] {
        case nil, .null?, .integer(0)?: break
        case let value?: throw fields.error("model.dropout", "is \(value.text)", "null or 0")
        }
        func flag(_ key: String) throws -> Bool {
            try fields.boolean(settings[key], "model.\(key)", default: false)
        }
        (model.fusesUnknown, model.hasByteFallback) = (try flag("fuse_unk"), try flag("byte_fallback"))
        model.ignoresMerges = try flag("ignore_merges")
        switch settings["unk_token"] {
        case nil, .null?: break
        case .string(let spelling)?:
            guard let id = pieces.id(of: spelling), id < size else {
                throw fields.error(
                    "model.unk_token", "is \(spelling.debugDescription)", "a piece of model.vocab")
            }
            model.unknown = id
        case let value?: throw fields.error("model.unk_token", "is \(value.text)", "a text or null")
        }
        return model
    }

    private static func unigramModel(
        _ settings: [String: JSONValue], size: Int, _ fields: FieldReader
    ) throws -> Model {
        guard case .integer(let unknown)? = settings["unk_id"], (0..<size).contains(unknown) else {
            throw fields.wrong(settings["unk_id"], "model.unk_id", "the id of a piece of model.vocab")
        }
        return Model(
            kind: .unigram, unknown: Int32(unknown), fusesUnknown: true,
            hasByteFallback: try fields.boolean(
                settings["byte_fallback"], "model.byte_fallback", default: false))
    }

    private static func merges(
        _ content: Content, _ pieces: PieceTable, ignoring added: [AddedTokens.Token], _ fields: FieldReader
    ) throws -> (MergeTable, [Float]) {
        let count = content.mergeBounds.count / 2
        var (table, scores) = (MergeTable(capacity: count), [Float](repeating: 0, count: pieces.count))
        // Text never becomes a special token, even if merges lead to it.
        let special = Set(added.filter { $0.isSpecial && $0.content.unicodeScalars.count > 1 }.map(\.id))
        try content.mergeBytes.withUnsafeBufferPointer { bytes in
            var start = 0
            for rank in 0..<count {
                let (middle, end) = (content.mergeBounds[2 * rank], content.mergeBounds[2 * rank + 1])
                func id(_ range: Range<Int>) throws -> Int32 {
                    let spelling = UnsafeBufferPointer(rebasing: bytes[range])
                    if let id = pieces.id(of: spelling), id < content.ids.count || id <= content.largestID {
                        return id
                    }
                    throw fields.error(
                        "model.merges[\(rank)]",
                        "needs the piece \(String(decoding: spelling, as: UTF8.self).debugDescription)",
                        "merges of pieces of model.vocab to such a piece")
                }
                let piece = try id(start..<end)
                let (left, right) = (try id(start..<middle), try id(middle..<end))
                start = end
                if special.contains(piece) { continue }
                table.insert(left, right, .init(rank: Int32(rank), piece: piece))
                if scores[Int(piece)] == 0 { scores[Int(piece)] = -Float(rank) }
            }
        }
        return (table, scores)
    }
}
