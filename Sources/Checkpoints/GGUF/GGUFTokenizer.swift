import Foundation
import Support
import Tokenization

/// The vocabulary of a GGUF file, rebuilt as the SentencePiece model or the `tokenizer.json` that it was made from.
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
    /// - Throws: `UserError` if the vocabulary is neither SentencePiece's nor a byte-level BPE that divides text in a known way, or
    ///   its lists contradict each other.
    static func tokenizer(of file: GGUFFile, rows: Int, padding: Int) throws -> Tokenizer? {
        var keys = GGUFKeys(file, architecture: "")
        guard let model = keys.string("tokenizer.ggml.model") else { return nil }
        if model == "gpt2" {
            let tokenizer = try bytePair(&keys, file, rows: rows, padding: padding)
            guard keys.problems.isEmpty else { throw file.error(keys.problems.joined(separator: "; ")) }
            return tokenizer
        }
        // "t5" is what llama.cpp calls unigram models.
        guard let kind = kinds[model] else {
            throw file.error(
                "holds a vocabulary of the kind \"\(model)\"",
                hint:
                    "SentencePiece vocabularies (tokenizer.ggml.model = llama or t5) and byte-level BPE (gpt2) are supported"
            )
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

    /// A byte-level BPE vocabulary, which `tokenizer.ggml.pre` says how to divide text for.
    private static func bytePair(
        _ keys: inout GGUFKeys, _ file: GGUFFile, rows: Int, padding: Int
    ) throws -> Tokenizer {
        let names = "supported are " + NamedPreTokenizer.allNames.joined(separator: ", ")
        guard let name = keys.string("tokenizer.ggml.pre") else {
            throw file.error(
                "does not say how its byte-level BPE vocabulary divides text (tokenizer.ggml.pre)",
                hint: "convert the model anew with a current llama.cpp; " + names)
        }
        guard let preTokenizer = NamedPreTokenizer(name) else {
            throw file.error(
                "divides text by \"\(name)\" (tokenizer.ggml.pre), which is not supported", hint: names)
        }
        let pieces = try list(keys, file, "tokens", "texts", count: rows, \.strings).dropLast(padding)
        let types = try list(keys, file, "token_type", "numbers", count: rows, \.numbers)
        guard case .array(let array)? = keys["tokenizer.ggml.merges"], let merges = array.strings else {
            throw file.error(
                "\"tokenizer.ggml.merges\" is \(keys["tokenizer.ggml.merges"]?.text ?? "missing")",
                hint: "a list of texts is expected")
        }
        let kinds = try pieces.indices.map { id in
            guard let kind = Int(exactly: types[id]).flatMap(PieceKind.init) else {
                throw file.error("piece \(id) has the type \(types[id]), not 1 to 6")
            }
            return kind == .unknown ? .control : kind
        }
        func id(_ role: String) -> Int32? {
            keys.optionalInteger("tokenizer.ggml.\(role)_token_id").flatMap {
                pieces.indices.contains($0) ? Int32($0) : nil
            }
        }
        func spelling(_ role: String) -> String? { id(role).map { pieces[Int($0)] } }
        var roles = TokenizerConfiguration()
        (roles.beginToken, roles.endToken) = (spelling("bos"), spelling("eos"))
        (roles.paddingToken, roles.unknownToken) = (spelling("padding"), spelling("unknown"))
        let addsBegin = keys.boolean("tokenizer.ggml.add_bos_token", default: preTokenizer.addsBegin)
        let addsEnd = keys.boolean("tokenizer.ggml.add_eos_token", default: false)
        let model = BytePairModel(
            pieces: Array(pieces), kinds: kinds, merges: merges, preTokenizer: preTokenizer,
            beginID: addsBegin ? id("bos") : nil, endID: addsEnd ? id("eos") : nil)
        return try Tokenizer(model, configuration: roles, name: file.url.relativePath)
    }

    private static func charactersMap(_ keys: GGUFKeys) -> Data {
        guard case .array(let map)? = keys["tokenizer.ggml.precompiled_charsmap"],
            [.uint8, .int8].contains(map.type)
        else { return Data() }
        return map.bytes
    }

    private static func list<T>(
        _ keys: GGUFKeys, _ file: GGUFFile, _ name: String, _ what: String, count: Int,
        _ values: (GGUFArray) -> [T]?
    ) throws -> [T] {
        let key = "tokenizer.ggml.\(name)"
        guard case .array(let array)? = keys[key], array.count == count, let values = values(array) else {
            throw file.error(
                "\"\(key)\" is \(keys[key]?.text ?? "missing")", hint: "\(count) \(what) are expected")
        }
        return values
    }

    private static func pieces(
        _ keys: inout GGUFKeys, _ file: GGUFFile, count: Int
    ) throws -> [SentencePieceModel.Piece] {
        let spellings = try list(keys, file, "tokens", "texts", count: count, \.strings)
        let scores = try list(keys, file, "scores", "numbers", count: count, \.numbers)
        let types = try list(keys, file, "token_type", "numbers", count: count, \.numbers)
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
