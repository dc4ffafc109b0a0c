import Foundation
import Jinja
import Support

/// Renders chats as text, from JSON that reaches the template unchanged: for those who write and debug templates.
///
/// The text is that of transformers' `apply_chat_template(tokenize=False)`.
///
///     let renderer = TemplateRenderer(jinja: source)
///     let text = try renderer.text(of: messages)
public struct TemplateRenderer: Sendable {
    private let template: RenderedTemplate
    private let tokenizer: Tokenizer?

    /// Why a chat has no text.
    public struct Failure: Error, CustomStringConvertible, Sendable {
        /// What the template says (`raise_exception`), or the mistake and its line.
        public let description: String
    }

    /// - Parameters:
    ///   - jinja: The template.
    ///   - toolUse: The template of chats with tools, where that is another.
    ///   - tokenizer: Names the special tokens (`bos_token`, …); without one they are undefined.
    ///   - variables: Further variables.
    ///   - date: The time that `strftime_now` gives.
    public init(
        jinja: String, toolUse: String? = nil, tokenizer: Tokenizer? = nil,
        variables: TemplateVariables = TemplateVariables(), date: Date = Date()
    ) {
        var template = RenderedTemplate(jinja, toolSource: toolUse)
        (template.variables, template.date) = (variables, date)
        (self.template, self.tokenizer) = (template, tokenizer)
    }

    /// The text of a chat.
    ///
    /// - Parameters:
    ///   - messages: Objects with `role`, `content` and whatever else the template reads.
    ///   - tools: What the model may call.
    ///   - addGenerationPrompt: Whether to end with the text before an assistant message.
    /// - Throws: `Failure` wherever transformers raises.
    public func text(
        of messages: [OrderedJSON], tools: [OrderedJSON] = [], addGenerationPrompt: Bool = true
    ) throws(Failure) -> String {
        do {
            return try template.render(
                json: messages, tools: tools, tokenizer, addGenerationPrompt: addGenerationPrompt
            ).text
        } catch let error as JinjaError {
            throw Failure(description: error.kind == .raised ? error.message : error.description)
        } catch {
            throw Failure(description: "\(error)")
        }
    }
}
