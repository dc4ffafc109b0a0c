import Foundation
import Support
import Tokenization

/// The vocabulary of a GGUF file, rebuilt as the SentencePiece model or the `tokenizer.json` that it was made from.
enum GGUFTokenizer {
    /// Padding pieces at the end of the vocabulary: converters write them (`[PAD32011]`, unused) where an embedding
    /// table has been padded.
    static func paddingPieces(of file: GGUFFile, rows: Int) -> Int {
        guard case .array(let types)? = file.metadata["tokenizer.ggml.token_type"], types.count == rows,
            case .array(let tokens)? = file.metadata["tokenizer.ggml.tokens"], tokens.count == rows,
            // Most files have none; that costs no look at all texts.
            types.lastNumber == Double(PieceKind.unused.number), let kinds = types.numbers,
            let spellings = tokens.strings
        else { return 0 }
        return (0..<rows).reversed().prefix {
            kinds[$0] == Double(PieceKind.unused.number) && spellings[$0] == "[PAD\($0)]"
        }.count
    }

    /// - Parameters:
    ///   - rows: Of the embedding table.
    ///   - padding: How many of them, at the end, belong to no piece.
    /// - Returns: nil if the file has no vocabulary.
    /// - Throws: `UserError` if the vocabulary is neither SentencePiece's nor a byte-level BPE that divides text in a known way, or
    ///   its lists contradict each other.
    static func tokenizer(of file: GGUFFile, rows: Int, padding: Int) throws -> Tokenizer? {
        var reader = VocabularyReader(file, rows: rows, padding: padding)
        return try reader.tokenizer()
    }
}

/// Reads the keys `tokenizer.ggml.…`.
private struct VocabularyReader {
    private let file: GGUFFile
    private let rows: Int
    private let padding: Int
    private var keys: GGUFKeys

    /// GGUF's names for the kinds of SentencePiece models. "t5" is what llama.cpp calls unigram models.
    private static let sentencePieceKinds: [String: TokenizerKind] = ["llama": .bpe, "t5": .unigram]

    init(_ file: GGUFFile, rows: Int, padding: Int) {
        (self.file, self.rows, self.padding) = (file, rows, padding)
        keys = GGUFKeys(file, architecture: "")
    }

    mutating func tokenizer() throws -> Tokenizer? {
        guard let model = keys.string(key("model")) else { return nil }
        if model == "gpt2" { return try bytePair() }
        guard let kind = Self.sentencePieceKinds[model] else {
            throw file.error(
                "holds a vocabulary of the kind \"\(model)\"",
                hint:
                    "SentencePiece vocabularies (tokenizer.ggml.model = llama or t5) and byte-level BPE (gpt2) "
                    + "are supported")
        }
        return try sentencePiece(kind)
    }

    private mutating func sentencePiece(_ kind: TokenizerKind) throws -> Tokenizer {
        let pieces = try sentencePiecePieces()
        let description = SentencePieceModel(
            kind: kind, pieces: pieces,
            addsDummyPrefix: keys.boolean(key("add_space_prefix"), default: true),
            removesExtraWhitespace: keys.boolean(key("remove_extra_whitespaces"), default: false),
            charactersMap: charactersMap, begin: id("bos"), end: id("eos"), padding: id("padding"))
        try check()
        return try Tokenizer(serializedModel: description.serialized(), name: file.url.relativePath)
    }

    private mutating func sentencePiecePieces() throws -> [SentencePieceModel.Piece] {
        let spellings = try list("tokens", "texts", count: rows, \.strings)
        let scores = try list("scores", "numbers", count: rows, \.numbers)
        let kinds = try kinds()
        let unknown = keys.optionalInteger(key("unknown_token_id")) ?? kinds.firstIndex(of: .unknown)
        return spellings.indices.dropLast(padding).map { id in
            // Converters write the unknown piece as a control piece too.
            let kind = id == unknown ? .unknown : kinds[id] == .unknown ? .control : kinds[id]
            // They also write symbols as they look in a text; a vocabulary has ▁ for a space.
            let spelling =
                kind == .userDefined ? spellings[id].replacing(" ", with: "\u{2581}") : spellings[id]
            return .init(spelling: spelling, score: Float(scores[id]), kind: kind)
        }
    }

    /// A byte-level BPE vocabulary, which `tokenizer.ggml.pre` says how to divide text for.
    private mutating func bytePair() throws -> Tokenizer {
        let preTokenizer = try preTokenizer()
        let pieces = Array(try list("tokens", "texts", count: rows, \.strings).dropLast(padding))
        let kinds = try kinds().prefix(pieces.count).map { $0 == .unknown ? .control : $0 }
        let merges = try list("merges", "texts", count: nil, \.strings)
        let (begin, end) = (id("bos"), id("eos"))
        func spelling(_ id: Int?) -> String? { id.map { pieces[$0] } }
        var roles = TokenizerConfiguration()
        (roles.beginToken, roles.endToken) = (spelling(begin), spelling(end))
        (roles.paddingToken, roles.unknownToken) = (spelling(id("padding")), spelling(id("unknown")))
        let addsBegin = keys.boolean(key("add_bos_token"), default: preTokenizer.addsBegin)
        let addsEnd = keys.boolean(key("add_eos_token"), default: false)
        let model = BytePairModel(
            pieces: pieces, kinds: kinds, merges: merges, preTokenizer: preTokenizer,
            beginID: addsBegin ? begin.map(Int32.init) : nil, endID: addsEnd ? end.map(Int32.init) : nil)
        try check()
        return try Tokenizer(model, configuration: roles, name: file.url.relativePath)
    }

    private mutating func preTokenizer() throws -> NamedPreTokenizer {
        let names = "supported are " + NamedPreTokenizer.allNames.joined(separator: ", ")
        guard let name = keys.string(key("pre")) else {
            throw file.error(
                "does not say how its byte-level BPE vocabulary divides text (tokenizer.ggml.pre)",
                hint: "convert the model anew with a current llama.cpp; " + names)
        }
        guard let preTokenizer = NamedPreTokenizer(name) else {
            throw file.error(
                "divides text by \"\(name)\" (tokenizer.ggml.pre), which is not supported", hint: names)
        }
        return preTokenizer
    }

    // MARK: - Keys

    private func key(_ name: String) -> String { "tokenizer.ggml." + name }

    private func check() throws {
        guard keys.problems.isEmpty else { throw file.error(keys.problems.joined(separator: "; ")) }
    }

    /// The id with a role; nil if there is none of the vocabulary.
    private mutating func id(_ role: String) -> Int? {
        keys.optionalInteger(key(role + "_token_id")).flatMap { (0..<rows - padding).contains($0) ? $0 : nil }
    }

    private func kinds() throws -> [PieceKind] {
        try list("token_type", "numbers", count: rows, \.numbers).enumerated().map { id, type in
            guard let kind = Int(exactly: type).flatMap(PieceKind.init) else {
                throw file.error("piece \(id) has the type \(type), not 1 to 6")
            }
            return kind
        }
    }

    private func list<T>(
        _ name: String, _ what: String, count: Int?, _ values: (GGUFArray) -> [T]?
    ) throws -> [T] {
        guard case .array(let array)? = keys[key(name)], array.count == count ?? array.count,
            let values = values(array)
        else {
            throw file.error(
                "\"\(key(name))\" is \(keys[key(name)]?.text ?? "missing")",
                hint: count.map { "\($0) \(what) are expected" } ?? "a list of \(what) is expected")
        }
        return values
    }

    private var charactersMap: Data {
        guard case .array(let map)? = keys[key("precompiled_charsmap")],
            [.uint8, .int8].contains(map.type)
        else { return Data() }
        return map.bytes
    }
}
