import Foundation
import Support

/// The files of a repository that a model is read from.
enum CheckpointContents {
    static let configuration = "config.json"
    static let weights = "model.safetensors"
    static let index = "model.safetensors.index.json"

    /// Whether a file beside the weights is read, here or by the tokenizers of transformers.
    static func isDescription(_ name: String) -> Bool {
        let names: Set = [
            configuration, "generation_config.json", "tokenizer.json", "tokenizer.model", "tekken.json",
            "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
            "merges.txt",
            "chat_template.jinja", "chat_template.json",
        ]
        if names.contains(name) { return true }
        let parts = name.split(separator: "/")
        return parts.count == 2 && parts[0] == "additional_chat_templates" && name.hasSuffix(".jinja")
            || parts.count == 1 && name.hasSuffix(".tiktoken")
    }

    /// The weight files that an index names, sorted.
    ///
    /// - Throws: `UserError` if it is no index, or names something that is no file beside it.
    static func shards(inIndexAt url: URL) throws -> [String] {
        guard case .object(let map)? = try JSONValue.object(contentsOf: url)["weight_map"] else {
            throw UserError("the object \"weight_map\" is missing", file: url.relativePath)
        }
        var names: Set<String> = []
        for value in map.values {
            guard case .string(let name) = value, HubReference.isRelativePath(name), !name.contains("/"),
                name.hasSuffix(".safetensors")
            else {
                throw UserError(
                    "\"weight_map\" names \(value.text)", file: url.relativePath,
                    hint: "the name of a safetensors file beside the index is expected")
            }
            names.insert(name)
        }
        return names.sorted()
    }
}
