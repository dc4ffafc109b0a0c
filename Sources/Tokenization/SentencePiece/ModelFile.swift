import Foundation
import Support

/// The content of a SentencePiece `.model` file, validated.
///
/// Field numbers are those of `sentencepiece_model.proto`.
struct ModelFile: Sendable {
    struct Piece: Sendable {
        var spelling = ""
        /// Unigram: log probability. BPE: minus the rank of the merge.
        var score: Float = 0
        var kind = PieceKind.normal
    }

    private(set) var pieces: [Piece] = []
    private(set) var kind = TokenizerKind.unigram
    /// Whether characters without a piece are spelled as the bytes of their UTF-8.
    private(set) var hasByteFallback = false
    /// Whether a space is put before every text.
    private(set) var addsDummyPrefix = true
    /// Whether spaces at both ends are dropped and runs of spaces become one.
    private(set) var removesExtraWhitespace = true
    /// The rule that rewrites texts before segmentation, for example "nmt_nfkc".
    private(set) var normalization = ""
    /// What decoding writes for the unknown piece.
    private(set) var unknownSurface = " \u{2047} "
    private(set) var unknownSpelling = "<unk>"
    private(set) var beginSpelling = "<s>"
    private(set) var endSpelling = "</s>"
    private(set) var paddingSpelling = "<pad>"
    /// How characters are rewritten before segmentation.
    private(set) var charactersMap: CharactersMap?
    /// The same as the file holds it.
    private(set) var charactersMapBytes: Range<Int>?

    let bytes: [UInt8]
    private let name: String

    /// Reads and checks the bytes of a model; `name` is the file to name in errors.
    init(_ data: Data, name: String) throws {
        bytes = [UInt8](data)
        self.name = name
        guard !bytes.isEmpty else { throw damaged("the file is empty") }
        do {
            try readModel()
        } catch let error as WireReader.Malformed {
            throw damaged("\(error.problem) at byte \(error.offset)")
        }
        try ModelCheck(model: self).run { self.damaged($0) }
    }

    func damaged(_ problem: String) -> UserError {
        UserError(
            "not a usable SentencePiece model: \(problem)", file: name,
            hint: "give a complete tokenizer.model of kind unigram or bpe")
    }

    // MARK: - Messages

    private mutating func readModel() throws {
        var seen: Set<Int> = []
        var reader = WireReader(bytes, in: 0..<bytes.count)
        while let field = try reader.next() {
            seen.insert(field.number)
            switch field.number {
            case 1: pieces.append(try piece(in: try range(field)))
            case 2: try readTrainer(in: try range(field))
            case 3: try readNormalizer(in: try range(field))
            case 5 where try hasRule(in: try range(field)):
                throw damaged("it rewrites decoded text (denormalizer), which is not supported")
            default: break
            }
        }
        // They follow the pieces: without them the file was truncated between two messages.
        guard seen.isSuperset(of: [2, 3]) else { throw damaged("the settings behind the pieces are missing") }
    }

    private func piece(in range: Range<Int>) throws -> Piece {
        var piece = Piece()
        var reader = WireReader(bytes, in: range)
        while let field = try reader.next() {
            switch field.number {
            case 1: piece.spelling = try string(field)
            case 2:
                guard case .fixed32(let bits) = field.value else { throw wrongType(field) }
                piece.score = Float(bitPattern: bits)
            case 3:
                let number = try varint(field)
                guard let kind = Int(exactly: number).flatMap(PieceKind.init) else {
                    throw damaged("piece \(pieces.count) has type \(number), not 1 to 6")
                }
                piece.kind = kind
            default: break
            }
        }
        return piece
    }

    private mutating func readTrainer(in range: Range<Int>) throws {
        var reader = WireReader(bytes, in: range)
        while let field = try reader.next() {
            switch field.number {
            case 3: kind = try tokenizerKind(field)
            case 24 where try varint(field) != 0:
                throw damaged("it writes spaces as suffixes, which is not supported")
            case 35: hasByteFallback = try varint(field) != 0
            case 44: unknownSurface = try string(field)
            case 45: unknownSpelling = try string(field, or: unknownSpelling)
            case 46: beginSpelling = try string(field, or: beginSpelling)
            case 47: endSpelling = try string(field, or: endSpelling)
            case 48: paddingSpelling = try string(field, or: paddingSpelling)
            default: break
            }
        }
    }

    private func tokenizerKind(_ field: WireReader.Field) throws -> TokenizerKind {
        switch try varint(field) {
        case 1: return .unigram
        case 2: return .bpe
        case 3: throw damaged("its kind is word, not unigram or bpe")
        case 4: throw damaged("its kind is char, not unigram or bpe")
        case let number: throw damaged("its kind is number \(number), not 1 (unigram) or 2 (bpe)")
        }
    }

    private mutating func readNormalizer(in range: Range<Int>) throws {
        var reader = WireReader(bytes, in: range)
        while let field = try reader.next() {
            switch field.number {
            case 1: normalization = try string(field)
            case 2:
                charactersMap = try charactersMap(in: try self.range(field))
                charactersMapBytes = charactersMap == nil ? nil : try self.range(field)
            case 3: addsDummyPrefix = try varint(field) != 0
            case 4: removesExtraWhitespace = try varint(field) != 0
            case 5 where try varint(field) == 0:
                throw damaged("it does not escape spaces, which is not supported")
            default: break
            }
        }
    }

    private func charactersMap(in range: Range<Int>) throws -> CharactersMap? {
        do {
            return range.isEmpty ? nil : try CharactersMap(bytes[range])
        } catch {
            throw damaged(error.problem)
        }
    }

    /// Whether a normalizer message holds a table, and so changes texts.
    private func hasRule(in range: Range<Int>) throws -> Bool {
        var reader = WireReader(bytes, in: range)
        while let field = try reader.next() {
            if field.number == 2, try !self.range(field).isEmpty { return true }
        }
        return false
    }

    // MARK: - Values

    func range(_ field: WireReader.Field) throws -> Range<Int> {
        guard case .range(let range) = field.value else { throw wrongType(field) }
        return range
    }

    private func varint(_ field: WireReader.Field) throws -> UInt64 {
        guard case .varint(let value) = field.value else { throw wrongType(field) }
        return value
    }

    /// A string; an empty one counts as `fallback`, as it does in the library.
    private func string(_ field: WireReader.Field, or fallback: String = "") throws -> String {
        guard let string = String(validating: bytes[try range(field)], as: UTF8.self) else {
            throw WireReader.Malformed(offset: field.offset, problem: "a string that is not UTF-8")
        }
        return string.isEmpty ? fallback : string
    }

    private func wrongType(_ field: WireReader.Field) -> WireReader.Malformed {
        WireReader.Malformed(
            offset: field.offset, problem: "field \(field.number) holds a value of another type")
    }
}
