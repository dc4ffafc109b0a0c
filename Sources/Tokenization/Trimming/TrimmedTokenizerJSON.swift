import Foundation
import Support

/// The `tokenizer.json` of a trimmed vocabulary: its pieces and merges with new ids, all else as the whole file has it.
struct TrimmedTokenizerJSON {
    let engine: BytePairEngine
    let content: TokenizerJSON.Content
    /// The old ids of its pieces, rising.
    let ids: [Int32]
    /// New spellings of some pieces, by their old ids. They become special tokens, which no text spells.
    let symbols: [Int32: String]

    private func spelling(_ id: Int32) -> String { symbols[id] ?? engine.pieces.spelling(id) }

    /// - Throws: `UserError` if a value of the file cannot be written.
    func serialized() throws -> Data {
        let numbers = Dictionary(uniqueKeysWithValues: ids.enumerated().map { (Int($1), $0) })
        var output = JSONText()
        output.raw("{\n")
        for (key, value) in content.rest.sorted(by: { $0.key < $1.key }) {
            let value =
                switch key {
                case "post_processor": value.mappingTemplateTokens { numbers[$0] }
                case "padding": value.mappingPadding { numbers[$0] }
                default: value
                }
            try output.member(key, value)
        }
        output.raw("\"added_tokens\":")
        output.addedTokens(
            addedTokens.map {
                var token = $0
                token.id = Int32(numbers[Int($0.id)] ?? 0)
                return token
            })
        output.raw(",\n\"model\":{\n")
        for (key, value) in content.settings.sorted(by: { $0.key < $1.key }) { try output.member(key, value) }
        output.raw("\"vocab\":{")
        // Added tokens that the model has not stay behind its pieces.
        let pieces = Set(content.ids)
        var isFirst = true
        for (number, id) in ids.enumerated() where pieces.contains(id) {
            output.raw(isFirst ? "\n" : ",\n")
            isFirst = false
            output.string(spelling(id))
            output.raw(":\(number)")
        }
        output.raw("},\n\"merges\":[")
        appendMerges(to: &output)
        output.raw("]}}\n")
        return Data(output.bytes)
    }

    /// Those that stay, and the symbols, by their ids.
    private var addedTokens: [AddedTokens.Token] {
        let kept = Set(ids).subtracting(symbols.keys)
        let tokens = engine.added.tokens.filter { kept.contains($0.id) }
        let new = symbols.map { AddedTokens.Token(id: $0, content: $1, isSpecial: true) }
        return (tokens + new).sorted { $0.id < $1.id }
    }

    /// Merges whose parts and product stay, in their order.
    private func appendMerges(to output: inout JSONText) {
        var isKept = [Bool](repeating: false, count: engine.pieces.count)
        for id in ids where symbols[id] == nil { isKept[Int(id)] = true }
        var isFirst = true
        for (left, right, merge) in engine.merges.sorted
        where isKept[Int(left)] && isKept[Int(right)] && isKept[Int(merge.piece)] {
            output.raw(isFirst ? "\n" : ",\n")
            isFirst = false
            let (left, right) = (spelling(left), spelling(right))
            if left.contains(" ") || right.contains(" ") {
                output.raw("[")
                output.string(left)
                output.raw(",")
                output.string(right)
                output.raw("]")
            } else {
                // The form that every version of `tokenizers` reads.
                output.string("\(left) \(right)")
            }
        }
    }
}

extension JSONText {
    /// A key of an object with its value, and a comma.
    fileprivate mutating func member(_ key: String, _ value: JSONValue) throws {
        string(key)
        raw(":")
        raw(try String(decoding: value.encoded(), as: UTF8.self))
        raw(",\n")
    }
}

extension TokenizerJSON.Content {
    /// The ids that the post-processor may put around texts.
    var postProcessorIDs: Set<Int> {
        var ids: Set<Int> = []
        _ = (rest["post_processor"] ?? .null).mappingTemplateTokens {
            ids.insert($0)
            return $0
        }
        return ids
    }
}

extension JSONValue {
    /// A post-processor whose `special_tokens` (`"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}`) have other ids. Those without
    /// an id are left out.
    fileprivate func mappingTemplateTokens(_ map: (Int) -> Int?) -> JSONValue {
        switch self {
        case .array(let values): return .array(values.map { $0.mappingTemplateTokens(map) })
        case .object(var fields):
            if case .object(let tokens)? = fields["special_tokens"] {
                fields["special_tokens"] = .object(tokens.compactMapValues { $0.mappingIDs(map) })
            } else {
                fields = fields.mapValues { $0.mappingTemplateTokens(map) }
            }
            return .object(fields)
        default: return self
        }
    }

    private func mappingIDs(_ map: (Int) -> Int?) -> JSONValue? {
        guard case .object(var token) = self, case .array(let ids)? = token["ids"] else { return self }
        var mapped: [JSONValue] = []
        for case .integer(let id) in ids {
            guard let new = map(id) else { return nil }
            mapped.append(.integer(new))
        }
        token["ids"] = .array(mapped)
        return .object(token)
    }

    /// The `padding` of batches with another `pad_id`; null where that piece is gone.
    fileprivate func mappingPadding(_ map: (Int) -> Int?) -> JSONValue {
        guard case .object(var fields) = self, case .integer(let id)? = fields["pad_id"] else { return self }
        guard let new = map(id) else { return .null }
        fields["pad_id"] = .integer(new)
        return .object(fields)
    }
}
