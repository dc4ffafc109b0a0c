import Foundation

/// The files of a Hugging Face directory.
enum CheckpointFile {
    static let configuration = "config.json"
    static let generation = "generation_config.json"
    static let weights = "model.safetensors"
    static let index = "model.safetensors.index.json"
    static let tokenizer = "tokenizer.model"
    static let fastTokenizer = "tokenizer.json"
    static let tokenizerConfiguration = "tokenizer_config.json"
    static let template = "chat_template.jinja"
    static let toolTemplate = "additional_chat_templates/tool_use.jinja"

    /// Whether an older checkpoint's file may go when a new checkpoint takes its place: all that describes the
    /// model or its tokenizer, in any of the spellings in use.
    static func isReplaceable(_ name: String) -> Bool {
        let known: Set = [configuration, generation, weights, index]
        return known.contains(name) || belongsToTokenizer(name)
            || (name.hasPrefix("model-") && name.hasSuffix(".safetensors"))
    }

    /// Whether a file describes a tokenizer.
    static func belongsToTokenizer(_ name: String) -> Bool {
        [
            tokenizer, fastTokenizer, tokenizerConfiguration, template, "special_tokens_map.json",
            "added_tokens.json",
        ].contains(name)
    }

    /// The URL of `name` in `directory`, or nil if it does not exist.
    static func existing(_ name: String, in directory: URL) -> URL? {
        let url = directory.appendingPathComponent(name)
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
}

extension URL {
    /// The name of the model in a directory or file: in the cache of the Hugging Face hub (`models--ORGANIZATION--NAME/snapshots/COMMIT`), the
    /// directory is named by a commit.
    var modelName: String {
        let snapshots = deletingLastPathComponent()
        let repository = snapshots.deletingLastPathComponent().lastPathComponent
        guard snapshots.lastPathComponent == "snapshots", repository.hasPrefix("models--") else {
            return lastPathComponent
        }
        return String(repository.split(separator: "--").last ?? Substring(repository))
    }
}
