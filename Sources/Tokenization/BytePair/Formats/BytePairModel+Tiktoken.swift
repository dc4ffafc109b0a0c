import Foundation
import Support

extension BytePairModel {
    /// Whether bytes look like a tiktoken file: lines of a piece in Base64 and its rank.
    package static func isTiktoken(_ data: Data) -> Bool {
        let line = data.prefix(256).prefix { $0 != 0x0A }
        let parts = line.split(separator: 0x20)
        return parts.count == 2 && Data(base64Encoded: Data(parts[0])) != nil
            && parts[1].allSatisfy { (0x30...0x39).contains($0) || $0 == 0x0D }
    }

    /// Reads a tiktoken file whose pattern and special tokens are known by its digest, by the files beside it, or by a name.
    ///
    /// - Parameters:
    ///   - data: The file's bytes.
    ///   - pattern: How text is divided, where the file is not recognized; its special tokens are then those of the
    ///     configuration (`added_tokens_decoder`).
    ///   - configuration: The files of transformers beside it.
    ///   - name: What errors call the file.
    /// - Throws: `UserError` for a damaged file, for one that is not known where no pattern is named, and for a pattern that
    ///   contradicts what is known.
    init(
        tiktoken data: Data, pattern: NamedPreTokenizer?, configuration: TokenizerConfiguration, name: String
    ) throws {
        let published = PublishedTiktoken(data, configuration)
        if let published, let pattern, pattern != published.preTokenizer {
            throw UserError(
                "this tiktoken file is \(published.model)'s, which divides text by \"\(published.preTokenizer.name)\", "
                    + "not \"\(pattern.name)\"", file: name, hint: "leave the pattern out")
        }
        guard let preTokenizer = published?.preTokenizer ?? pattern else {
            throw UserError(
                "a tiktoken file holds neither the pattern that divides text nor special tokens, and this one is not known",
                file: name,
                hint:
                    "name the pattern (tokenizer convert FILE --pattern NAME): \(NamedPreTokenizer.patternNames)"
            )
        }
        let count = data.split(separator: 0x0A).count
        try self.init(
            tiktoken: data, preTokenizer: preTokenizer,
            specialTokens: published?.specialTokens
                ?? Self.specialTokens(configuration, behind: count, name: name),
            begin: published.map(\.begin)
                ?? (configuration.addsBegin == true ? configuration.beginToken : nil),
            name: name)
    }

    /// The tokens of the configuration that follow the pieces.
    private static func specialTokens(
        _ configuration: TokenizerConfiguration, behind count: Int, name: String
    ) throws -> [String] {
        let tokens = configuration.addedTokens.filter { $0.key >= count }.sorted { $0.key < $1.key }
        for (place, token) in tokens.enumerated() where token.key != count + place {
            throw UserError(
                "the files beside it have the special token \(token.key), but none with the id \(count + place)",
                file: name, hint: "the ids of special tokens follow the \(count) pieces without gaps")
        }
        return tokens.map(\.value)
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
