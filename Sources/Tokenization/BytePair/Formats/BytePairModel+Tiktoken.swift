import Foundation
import Support

extension BytePairModel {
    /// What a tiktoken file does not say.
    struct PublishedTiktoken {
        let preTokenizer: String
        let specialTokens: [String]
        let begin: String?
    }

    /// Files that are recognised, by their SHA-256.
    private static func published(_ digest: String) -> PublishedTiktoken? {
        guard digest == "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55" else { return nil }
        // Llama 3.1 to 3.3.
        let named = [
            "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
            "<|reserved_special_token_1|>",
            "<|finetune_right_pad_id|>", "<|reserved_special_token_2|>", "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eom_id|>", "<|eot_id|>", "<|python_tag|>",
        ]
        let reserved = (3..<256 - named.count + 3).map { "<|reserved_special_token_\($0)|>" }
        return PublishedTiktoken(
            preTokenizer: "llama-bpe", specialTokens: named + reserved, begin: "<|begin_of_text|>")
    }

    /// Whether bytes look like a tiktoken file: lines of a piece in Base64 and its rank.
    static func isTiktoken(_ data: Data) -> Bool {
        let line = data.prefix(256).prefix { $0 != 0x0A }
        let parts = line.split(separator: 0x20)
        return parts.count == 2 && Data(base64Encoded: Data(parts[0])) != nil
            && parts[1].allSatisfy { (0x30...0x39).contains($0) || $0 == 0x0D }
    }

    /// Reads a tiktoken file that is recognised by its digest: Llama 3's.
    ///
    /// - Throws: `UserError` for a damaged file, or one that is not known.
    init(tiktoken data: Data, name: String) throws {
        guard let published = Self.published(Fingerprint(of: data).hexadecimal) else {
            throw UserError(
                "a tiktoken file holds neither the pattern that divides text nor special tokens, and this one is not known",
                file: name,
                hint:
                    "give the model's tokenizer.json, or name the pattern (\(NamedPreTokenizer.patternNames))"
            )
        }
        guard let preTokenizer = NamedPreTokenizer(published.preTokenizer) else {
            preconditionFailure("\(published.preTokenizer) is a name")
        }
        try self.init(
            tiktoken: data, preTokenizer: preTokenizer, specialTokens: published.specialTokens,
            begin: published.begin,
            name: name)
    }

    /// Reads a tiktoken file: on each line a piece in Base64 and its rank, which is its id.
    ///
    /// - Parameters:
    ///   - data: The file's bytes.
    ///   - preTokenizer: How text is divided, which the file does not say.
    ///   - specialTokens: Their ids follow those of the pieces.
    ///   - begin: The special token that texts begin with.
    ///   - name: What errors call the file.
    /// - Throws: `UserError` for a damaged file.
    public init(
        tiktoken data: Data, preTokenizer: NamedPreTokenizer, specialTokens: [String], begin: String? = nil,
        name: String
    ) throws {
        var pieces: [[UInt8]] = []
        for (index, line) in data.split(separator: 0x0A).enumerated() {
            let parts = line.split(separator: 0x20)
            guard parts.count == 2, let bytes = Data(base64Encoded: Data(parts[0])),
                Int(String(decoding: parts[1].filter { $0 != 0x0D }, as: UTF8.self)) == pieces.count,
                pieces.count < TokenizerJSON.mostPieces
            else {
                throw UserError(
                    "the line is not a piece in Base64 and the rank \(pieces.count)", file: name,
                    line: index + 1,
                    hint: "ranks are expected to rise from 0 without gaps")
            }
            pieces.append([UInt8](bytes))
        }
        let beginID = begin.flatMap { specialTokens.firstIndex(of: $0) }.map { Int32(pieces.count + $0) }
        self = try RankedVocabulary(pieces, name: name).model(
            behind: specialTokens, preTokenizer, ignoresMerges: true, beginID: beginID)
    }
}
