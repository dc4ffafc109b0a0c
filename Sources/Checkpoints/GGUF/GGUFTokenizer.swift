import Foundation
import Support
import Tokenization

/// The vocabulary of a GGUF file, written as the SentencePiece model that it was made from.
enum GGUFTokenizer {
    /// GGUF's names for the kinds of SentencePiece models.
    private static let kinds: [String: TokenizerKind] = ["llama": .bpe, "t5": .unigram]

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
    /// - Throws: `UserError` if the vocabulary is none of SentencePiece's or its lists contradict each other.
    static func tokenizer(of file: GGUFFile, rows: Int, padding: Int) throws -> Tokenizer? {
        var keys = GGUFKeys(file, architecture: "")
        guard let model = keys.string("tokenizer.ggml.model") else { return nil }
        // "t5" is what llama.cpp calls unigram models.
        guard let kind = kinds[model] else {
            let what =
                model == "gpt2"
                ? "a byte-level BPE vocabulary (gpt2)" : "a vocabulary of the kind \"\(model)\""
            throw file.error(
                "holds \(what)",
                hint: "only SentencePiece vocabularies (tokenizer.ggml.model = llama or t5) are supported")
        }
        let pieces = Array(try pieces(&keys, file, count: rows).dropLast(padding))
        func id(_ name: String) -> Int? {
            keys.optionalInteger("tokenizer.ggml.\(name)_token_id").flatMap {
                pieces.indices.contains($0) ? $0 : nil
            }
        }
        let description = SentencePieceModel(
            kind: kind, pieces: pieces,
            addsDummyPrefix: keys.boolean("tokenizer.ggml.add_space_prefix", default: true),
            removesExtraWhitespace: keys.boolean("tokenizer.ggml.remove_extra_whitespaces", default: false),
            charactersMap: charactersMap(keys), begin: id("bos"), end: id("eos"), padding: id("padding"))
        guard keys.problems.isEmpty else { throw file.error(keys.problems.joined(separator: "; ")) }
        return try Tokenizer(serializedModel: description.serialized(), name: file.url.relativePath)
    }

    private static func charactersMap(_ keys: GGUFKeys) -> Data {
        guard case .array(let map)? = keys["tokenizer.ggml.precompiled_charsmap"],
            [.uint8, .int8].contains(map.type)
        else { return Data() }
        return map.bytes
    }

    private static func pieces(
        _ keys: inout GGUFKeys, _ file: GGUFFile, count: Int
    ) throws -> [SentencePieceModel.Piece] {
        func list<T>(_ name: String, _ what: String, _ values: (GGUFArray) -> [T]?) throws -> [T] {
            let key = "tokenizer.ggml.\(name)"
            guard case .array(let array)? = keys[key], array.count == count, let values = values(array) else {
                throw file.error(
                    "\"\(key)\" is \(keys[key]?.text ?? "missing")", hint: "\(count) \(what) are expected")
            }
            return values
        }
        let spellings = try list("tokens", "texts", \.strings)
        let scores = try list("scores", "numbers", \.numbers)
        let types = try list("token_type", "numbers", \.numbers)
        let unknown = keys.optionalInteger("tokenizer.ggml.unknown_token_id") ?? types.firstIndex(of: 2)
        return try spellings.indices.map { id in
            guard var kind = Int(exactly: types[id]).flatMap(PieceKind.init) else {
                throw file.error("piece \(id) has the type \(types[id]), not 1 to 6")
            }
            // Converters write the unknown piece as a control piece too.
            if id == unknown { kind = .unknown } else if kind == .unknown { kind = .control }
            // They also write symbols as they look in a text; a vocabulary has ▁ for a space.
            let spelling =
                kind == .userDefined ? spellings[id].replacing(" ", with: "\u{2581}") : spellings[id]
            return .init(spelling: spelling, score: Float(scores[id]), kind: kind)
        }
    }
}
