import RecipeSchema
import Tokenization

extension KeyType<ChatTemplate> {
    /// The name of a known template, or one spelled out as a mapping.
    static var chatTemplate: Self {
        let named = KeyType.named(ChatTemplate.families) { $0.name! }
        let spelledOut = KeyType<SpelledOutTemplate>.section(SpelledOutTemplate.self)
        return Self(
            summary: "\(named.summary), or a mapping of system, user and assistant",
            placeholder: { .roleMarkers }, nested: spelledOut.nested,
            decode: { yaml, context in
                guard yaml.entries != nil else { return named.decode(yaml, context) }
                return spelledOut.decode(yaml, context).map {
                    ($0.value.template, canonicalName($0.value.template))
                }
            }, canonical: canonicalName)
    }

    private static func canonicalName(_ template: ChatTemplate) -> CanonicalValue {
        .text(template.name ?? template.identity)
    }
}

/// A chat template by its turns.
private struct SpelledOutTemplate: RecipeSection {
    let template: ChatTemplate

    init(_ section: Section) {
        func turn(_ key: String, default text: String?, _ documentation: String) -> ChatTemplate.Turn {
            let text = section.value(key, .text, default: text, documentation)
            guard let turn = ChatTemplate.Turn(text) else {
                if section.sound(key) {
                    section.problem(
                        at: key, "{content} does not occur exactly once in the turn",
                        hint: #"write {content} once, as in "User: {content}\n""#)
                }
                return ChatTemplate.Turn(before: "", after: "\n")
            }
            return turn
        }
        let system = turn("system", default: "{content}\n\n", "A system turn; {content} is the message.")
        let user = turn("user", default: nil, "A user's turn.")
        let assistant = turn(
            "assistant", default: nil,
            "The assistant's turn. The first piece of what follows {content} ends the model's answers.")
        let symbols = section.value(
            "symbols", .list(of: .text, atLeast: 0), default: [],
            "Special tokens that the turns contain, such as <|im_end|>. Text is never tokenized into them."
        )
        if assistant.after.isEmpty, section.sound("assistant") {
            section.problem(
                at: "assistant", "nothing ends an answer",
                hint: #"write something after {content}, such as "\n\n""#)
        }
        template = ChatTemplate(
            system: system, user: user,
            assistant: assistant.after.isEmpty ? .init(before: assistant.before, after: "\n") : assistant,
            symbols: symbols)
    }
}
