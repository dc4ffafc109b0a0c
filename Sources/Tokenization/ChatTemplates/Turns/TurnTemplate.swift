/// A chat template of prefixes and suffixes: the begin id, then each message between those of its role.
///
/// ```
/// <s><|system|>Be brief.<|end|><|user|>What is 2 + 2?<|end|><|assistant|>4<|end|>
/// ```
struct TurnTemplate: Equatable, Sendable {
    /// The prefix and the suffix of a message.
    typealias Turn = ChatTurn

    /// Where a system message is placed.
    enum SystemTurn: Equatable, Sendable {
        /// A turn of its own.
        case own(Turn)
        /// At the beginning of the next user's message.
        case insideUser(Turn)
    }

    /// The template's name in recipes and on the command line; nil for one that a recipe spells out.
    let name: String?
    /// How system messages are written.
    let system: SystemTurn
    /// Prefix and suffix of user messages.
    let user: Turn
    /// Prefix and suffix of assistant messages.
    let assistant: Turn
    /// The pieces of the vocabulary that `before` and `after` spell. Text in messages never becomes one of them.
    let symbols: [String]
    /// Whether white space at both ends of messages is dropped.
    let trimsContent: Bool
    /// The same for system messages.
    let trimsSystem: Bool
    /// Whether a chat begins with the begin id, where the vocabulary has one.
    let begins: Bool

    init(
        name: String? = nil, system: SystemTurn, user: Turn, assistant: Turn, symbols: [String],
        trimsContent: Bool = false, trimsSystem: Bool? = nil, begins: Bool = true
    ) {
        self.name = name
        self.system = system
        self.user = user
        self.assistant = assistant
        self.symbols = symbols
        self.trimsContent = trimsContent
        self.trimsSystem = trimsSystem ?? trimsContent
        self.begins = begins
    }

    /// A variant of the template that some models use.
    func with(begins: Bool? = nil, trimsSystem: Bool? = nil) -> TurnTemplate {
        TurnTemplate(
            name: name, system: system, user: user, assistant: assistant, symbols: symbols,
            trimsContent: trimsContent, trimsSystem: trimsSystem ?? self.trimsSystem,
            begins: begins ?? self.begins)
    }

    /// A template that a recipe spells out.
    ///
    /// - Parameters:
    ///   - assistant: The first piece of what follows the message ends the model's answers, so there must be something.
    ///   - symbols: Pieces of the vocabulary that the turns spell, such as `<|im_end|>`.
    init(system: Turn, user: Turn, assistant: Turn, symbols: [String] = []) {
        precondition(!assistant.after.isEmpty, "nothing ends an answer")
        self.init(name: nil, system: .own(system), user: user, assistant: assistant, symbols: symbols)
    }

    /// Messages as turns: system messages without a turn of their own are put into the next user message.
    func turns(_ messages: [Message]) -> [(message: Message, turn: Turn)] {
        var held = ""
        return messages.compactMap { message in
            let trims = message.role == .system ? trimsSystem : trimsContent
            let content = trims ? message.content.trimmingWhitespace : message.content
            switch (message.role, system) {
            case (.system, .own(let turn)): return (message.replacingContent(content), turn)
            case (.system, .insideUser(let turn)):
                held += turn.before + content + turn.after
                return nil
            case (.user, _):
                defer { held = "" }
                return (message.replacingContent(held + content), user)
            case (.assistant, _): return (message.replacingContent(content), assistant)
            case (.tool, _): preconditionFailure("tool turns are refused before")
            }
        }
    }

    /// The spaces at the end of the assistant's prefix: the model generates them, since they belong to the first token of the answer.
    var answerPrefix: String { String(assistant.before.reversed().prefix { $0 == " " }) }

    /// The content of an answer, from the text that the model generated.
    func answer(_ text: String) -> String {
        let text = text.hasPrefix(answerPrefix) ? String(text.dropFirst(answerPrefix.count)) : text
        return trimsContent ? text.trimmingWhitespace : text
    }
}

extension Message {
    fileprivate func replacingContent(_ content: String) -> Message {
        Message(role: role, content: content, isTrained: isTrained)
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
