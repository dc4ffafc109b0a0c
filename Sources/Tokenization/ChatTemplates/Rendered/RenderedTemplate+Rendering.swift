import Foundation
import Jinja
import Support

extension RenderedTemplate {
    /// Renders a chat as transformers does. Text of message `i` has the origin `i + 1`; that of tools and variables the one
    /// behind the last message's.
    ///
    /// - Throws: `UserError` if the template refuses the chat, or is not understood.
    func render(
        _ messages: [Message], tools: [OrderedJSON], _ tokenizer: Tokenizer, addGenerationPrompt: Bool
    ) throws -> RenderedText {
        do {
            return try render(
                messages.enumerated().map { try JinjaValue($1, origin: Origin($0 + 1)) }, tools: tools,
                tokenizer,
                addGenerationPrompt: addGenerationPrompt)
        } catch let error as JinjaError {
            throw Self.refusal(error)
        }
    }

    /// Renders messages as their JSON has them, which transformers hands to templates unchanged.
    ///
    /// - Parameter tokenizer: Names the special tokens (`bos_token`, …); without one they are undefined.
    /// - Throws: `JinjaError`
    func render(
        json messages: [OrderedJSON], tools: [OrderedJSON], _ tokenizer: Tokenizer?, addGenerationPrompt: Bool
    ) throws -> RenderedText {
        try render(
            messages.enumerated().map { try JinjaValue($1, origin: Origin($0 + 1)) }, tools: tools, tokenizer,
            addGenerationPrompt: addGenerationPrompt)
    }

    private func render(
        _ messages: [JinjaValue], tools: [OrderedJSON], _ tokenizer: Tokenizer?, addGenerationPrompt: Bool
    ) throws -> RenderedText {
        let others = Origin(messages.count + 1)
        var values = tokenizer.map(Self.specialTokens) ?? [:]
        for variable in variables.values {
            values[variable.key] = try JinjaValue(variable.value, origin: others)
        }
        values["messages"] = try .list(messages).preparedMessages()
        // A plain `.none` would be Optional's, and leave the name undefined.
        values["tools"] =
            try tools.isEmpty
            ? JinjaValue.none : .list(tools.map { try JinjaValue($0, origin: others) })
        values["documents"] = values["documents"] ?? JinjaValue.none
        values["add_generation_prompt"] = .bool(addGenerationPrompt)
        return try program(withTools: !tools.isEmpty).render(
            values, date: date ?? Self.fixedDate, timeZone: date == nil ? .gmt : .current)
    }

    static func refusal(_ error: JinjaError) -> UserError {
        let isRefusal = error.kind == .raised
        return UserError(
            isRefusal
                ? "the model's chat template refuses the chat: \(error.message)"
                : "the model's chat template\(error.line.map { ", line \($0)" } ?? ""): \(error.message)",
            hint: isRefusal
                ? nil
                : "name the template that chats are to be written with: chat_template in a recipe, "
                    + "--chat-template in a command",
            status: isRefusal ? .dataFormat : .configuration)
    }

    /// What transformers gives templates of a tokenizer: its special tokens, by their names.
    private static func specialTokens(of tokenizer: Tokenizer) -> [String: JinjaValue] {
        let ids = [
            "bos_token": tokenizer.beginTokenID, "eos_token": tokenizer.endID,
            "unk_token": tokenizer.unknownID,
            "pad_token": tokenizer.paddingID,
        ]
        return ids.compactMapValues { $0 }.mapValues { .text(tokenizer.piece($0), origin: .template) }
    }
}
