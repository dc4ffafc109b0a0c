import Foundation
import Support
import Tokenization

/// The chat templates that a model comes with, in Jinja.
public struct TemplateTexts: Equatable, Sendable {
    /// For chats without tools, and those with where there is no other.
    public let standard: String
    /// For chats with tools; nil where it is the same.
    public let toolUse: String?

    /// - Parameters:
    ///   - standard: The Jinja.
    ///   - toolUse: For chats with tools, where that is another.
    public init(standard: String, toolUse: String? = nil) {
        (self.standard, self.toolUse) = (standard, toolUse)
    }

    /// The templates of a model.
    ///
    /// - Returns: nil where it has none.
    /// - Throws: `UserError` if a file cannot be read.
    public static func load(at url: URL) throws -> TemplateTexts? {
        try GGUFFile.isGGUF(url) ? TemplateTexts(of: GGUFFile(contentsOf: url)) : TemplateTexts(in: url)
    }

    /// Those of a directory: in files of their own, as transformers 5 writes them, or in `tokenizer_config.json`, a text or a list of
    /// named ones.
    init?(in directory: URL) throws {
        func text(_ name: String) throws -> String? {
            try CheckpointFile.existing(name, in: directory).map {
                String(decoding: try ConfigurationFile.read($0), as: UTF8.self)
            }
        }
        if let standard = try text(CheckpointFile.template) {
            self.init(standard: standard, toolUse: try text(CheckpointFile.toolTemplate))
            return
        }
        guard let file = CheckpointFile.existing(CheckpointFile.tokenizerConfiguration, in: directory) else {
            return nil
        }
        switch try JSONValue.object(contentsOf: file)["chat_template"] {
        case .string(let text)?: self.init(standard: text)
        case .array(let entries)?:
            func named(_ name: String) -> String? {
                for case .object(let entry) in entries where entry["name"] == .string(name) {
                    if case .string(let text)? = entry["template"] { return text }
                }
                return nil
            }
            guard let standard = named("default") else { return nil }
            self.init(standard: standard, toolUse: named("tool_use"))
        default: return nil
        }
    }

    /// Those of a GGUF file.
    init?(of file: GGUFFile) {
        guard case .string(let standard)? = file.metadata["tokenizer.chat_template"] else { return nil }
        guard case .string(let toolUse)? = file.metadata["tokenizer.chat_template.tool_use"] else {
            self.init(standard: standard)
            return
        }
        self.init(standard: standard, toolUse: toolUse)
    }

    /// The template as it is used; nil for an empty text.
    var template: ChatTemplate? { ChatTemplate.recognize(jinja: standard, toolUse: toolUse) }
}
