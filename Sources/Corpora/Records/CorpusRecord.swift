import Support
import Tokenization

/// One record of a corpus: a chat or a plain text.
///
/// In JSONL a record is an object with exactly one of
/// - `messages`: a list of messages, see `RecordMessage`; or `conversations`, as ShareGPT calls it, with or without `system`,
/// - `prompt`, and `completion` if it is answered: short for a user's message and the assistant's reply. Either may be a list of
///   messages, of which those of the prompt are not trained on, as in TRL,
/// - `instruction`, with or without `input`, and `output` if it is answered, as in Alpaca: a line break separates instruction
///   and input; `system` may precede them. A `text` beside them repeats them and is ignored,
/// - `text`: a document.
///
/// `tools` beside a chat describes what the model may call, as a list or as its JSON in a text. Other keys (an id, a source) are
/// ignored, and so are keys whose value is null.
public enum CorpusRecord: Equatable, Sendable {
    /// The messages of a chat, in order; at least one. Tools are what the model may call.
    case chat([Message], tools: [OrderedJSON] = [])
    /// A plain document.
    case text(String)

    /// The messages to answer: a chat without the assistant's last turn, or nil for a text.
    public var prompt: [Message]? {
        guard case .chat(let messages, _) = self else { return nil }
        return messages.last?.role == .assistant ? Array(messages.dropLast()) : messages
    }

    /// What the model may call in a chat.
    public var tools: [OrderedJSON] { if case .chat(_, let tools) = self { tools } else { [] } }

    /// The contents of all messages, or the text.
    public var texts: [String] {
        switch self {
        case .chat(let messages, _): messages.map(\.content)
        case .text(let text): [text]
        }
    }

    /// `texts`, and those of them that a chat template writes otherwise, such as with a space before.
    ///
    /// - Throws: `UserError` if the template refuses the chat
    public func texts(writtenBy template: ChatTemplate?) throws -> [String] {
        guard case .chat(let messages, let tools) = self, let template, template.fault == nil else {
            return texts
        }
        let plain = texts
        return try plain + template.contents(of: messages, tools: tools).filter { !plain.contains($0) }
    }
}

extension CorpusRecord: Codable {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case messages, conversations, prompt, completion, instruction, input, output, system, text, tools
    }

    /// Decodes a record of any of the forms.
    ///
    /// - Throws: `DecodingError` and `RecordFault` for missing, conflicting or wrongly typed keys
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let record = try RecordDecoding(container)
        let messages: [Message]
        switch try record.form() {
        case .messages: messages = try record.messages(.messages)
        case .conversations: messages = try record.system() + record.messages(.conversations)
        case .prompt: messages = try record.promptAndCompletion()
        case .instruction: messages = try record.system() + record.alpaca()
        default:
            self = .text(try container.decode(String.self, forKey: .text))
            return
        }
        self = .chat(messages, tools: try record.tools())
    }

    /// Encodes a chat as `messages` and a text as `text`.
    ///
    /// - Throws: what the encoder throws
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .chat(let messages, let tools):
            try container.encode(messages, forKey: .messages)
            if !tools.isEmpty { try container.encode(tools, forKey: .tools) }
        case .text(let text): try container.encode(text, forKey: .text)
        }
    }
}

/// Reads the keys of a record. A key whose value is null counts as absent.
private struct RecordDecoding {
    typealias Key = CorpusRecord.CodingKeys

    private let container: KeyedDecodingContainer<Key>
    private let present: Set<Key>

    init(_ container: KeyedDecodingContainer<Key>) throws {
        self.container = container
        present = try Set(
            Key.allCases.filter { try container.contains($0) && !container.decodeNil(forKey: $0) })
    }

    /// The key that decides the form of the record.
    func form() throws -> Key {
        var forms = [Key.messages, .conversations, .prompt, .instruction, .text].filter(present.contains)
        if present.contains(.instruction), present.contains(.output) { forms.removeAll { $0 == .text } }
        guard forms.count == 1 else {
            let found = forms.map { "\"\($0.stringValue)\"" }.joined(separator: " and ")
            throw RecordFault(
                found.isEmpty
                    ? "a record has \"messages\", \"prompt\" or \"text\"; this one has none of them"
                    : "a record has only one of \"messages\", \"prompt\" and \"text\"; this one has \(found)",
                hint: found.isEmpty ? "\"conversations\" and \"instruction\" are read too" : nil)
        }
        if present.contains(.completion), forms != [.prompt] {
            throw RecordFault("\"completion\" goes with \"prompt\", not with \"\(forms[0].stringValue)\"")
        }
        return forms[0]
    }

    func messages(_ key: Key) throws -> [Message] {
        let messages = try container.decode([RecordMessage].self, forKey: key).map(\.message)
        guard !messages.isEmpty else { throw RecordFault("\"\(key.stringValue)\" is empty") }
        return messages
    }

    /// A system turn given by a key of its own.
    func system() throws -> [Message] {
        guard present.contains(.system) else { return [] }
        let text = try container.decode(String.self, forKey: .system)
        return text.isEmpty ? [] : [Message(role: .system, content: text)]
    }

    /// What the model may call.
    func tools() throws -> [OrderedJSON] {
        guard present.contains(.tools) else { return [] }
        return try RecordTools.list(of: try container.decode(OrderedJSON.self, forKey: .tools))
    }

    func promptAndCompletion() throws -> [Message] {
        var prompt = try turns(.prompt, by: .user)
        // Answers in a prompt are examples: only the completion is trained on.
        for index in prompt.indices where prompt[index].role == .assistant { prompt[index].isTrained = false }
        return prompt + (present.contains(.completion) ? try turns(.completion, by: .assistant) : [])
    }

    private func turns(_ key: Key, by role: Role) throws -> [Message] {
        if (try? container.nestedUnkeyedContainer(forKey: key)) != nil { return try messages(key) }
        return [Message(role: role, content: try container.decode(String.self, forKey: key))]
    }

    func alpaca() throws -> [Message] {
        var question = try container.decode(String.self, forKey: .instruction)
        if present.contains(.input) {
            let input = try container.decode(String.self, forKey: .input)
            if !input.isEmpty { question += question.isEmpty ? input : "\n" + input }
        }
        let user = [Message(role: .user, content: question)]
        guard present.contains(.output) else { return user }
        return user + [Message(role: .assistant, content: try container.decode(String.self, forKey: .output))]
    }
}

/// A mistake in a record whose JSON is valid.
struct RecordFault: Error {
    let problem: String
    let hint: String?

    init(_ problem: String, hint: String? = nil) { (self.problem, self.hint) = (problem, hint) }
}
