import Foundation
import Support

extension BytePairModel {
    /// Special tokens of files that name none (before version 7).
    private static let firstTekkenTokens = [
        "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]",
        "[TOOL_RESULTS]",
        "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]",
        "[MIDDLE]", "[SUFFIX]",
        "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
    ]

    /// Reads Mistral's `tekken.json`.
    ///
    /// Special tokens have the first ids; those that the file does not name are `<SPECIAL_20>` and so on. Texts begin with `<s>`.
    /// Source: mistral-common 1.13.
    ///
    /// - Throws: `UserError` for a damaged file, or a pattern that is not known; `name` is what it calls the file.
    public init(tekken data: Data, name: String) throws {
        let fields = FieldReader(name: name)
        var parser = JSONParser(data, fileName: name)
        let object = try fields.object(try parser.document(), "")
        let config = try fields.object(object["config"], "config")
        func count(_ key: String, _ range: ClosedRange<Int>) throws -> Int {
            guard case .integer(let count)? = config[key], range.contains(count) else {
                throw fields.wrong(config[key], "config.\(key)", "\(range.lowerBound) to \(range.upperBound)")
            }
            return count
        }
        let size = try count("default_vocab_size", 1...TokenizerJSON.mostPieces)
        let specials = try count("default_num_special_tokens", 0...size)
        let pattern = try fields.string(config["pattern"], "config.pattern")
        guard let preTokenizer = NamedPreTokenizer(expression: pattern) else {
            throw fields.error(
                "config.pattern", "is \(JSONValue.string(pattern).text)",
                "the patterns of \(NamedPreTokenizer.patternNames)")
        }
        let vocabulary = try fields.array(object["vocab"], "vocab")
        guard vocabulary.count >= size - specials else {
            throw fields.error("vocab", "has \(vocabulary.count) pieces", "at least \(size - specials)")
        }
        let pieces = try vocabulary.prefix(size - specials).enumerated().map { index, value in
            let piece = try fields.object(value, "vocab[\(index)]")
            guard piece["rank"] == .integer(index), case .string(let text)? = piece["token_bytes"],
                let bytes = Data(base64Encoded: text)
            else {
                throw fields.error(
                    "vocab[\(index)]", "is \(value.text)", "the rank \(index) and token_bytes in Base64")
            }
            return [UInt8](bytes)
        }
        var names = (0..<specials).map {
            $0 < Self.firstTekkenTokens.count ? Self.firstTekkenTokens[$0] : "<SPECIAL_\($0)>"
        }
        if let value = object["special_tokens"], value != .null {
            names = (0..<specials).map { "<SPECIAL_\($0)>" }
            for (index, value) in try fields.array(value, "special_tokens").enumerated() {
                let token = try fields.object(value, "special_tokens[\(index)]")
                guard case .integer(let rank)? = token["rank"], names.indices.contains(rank) else {
                    throw fields.wrong(token["rank"], "special_tokens[\(index)].rank", "0 to \(specials - 1)")
                }
                names[rank] = try fields.string(token["token_str"], "special_tokens[\(index)].token_str")
            }
        }
        self = try RankedVocabulary(pieces, name: name).model(
            before: names, preTokenizer, beginID: names.firstIndex(of: "<s>").map(Int32.init))
    }
}
