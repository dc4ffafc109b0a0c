import Support
import Tokenization

/// One record of a corpus: a chat or a plain text.
///
/// In JSONL a record is an object with exactly one of
/// - `messages`: a list of `{"role": …, "content": …}`,
/// - `prompt`, and `completion` if it is answered: short for a user's message and the assistant's reply,
/// - `text`: a document.
///
/// Other keys (an id, a source) are passed over.
public enum CorpusRecord: Equatable, Sendable {
    case chat([Message])
    case text(String)

    /// The messages to answer: a chat without the assistant's last turn, or nil for a text.
    public var prompt: [Message]? {
        guard case .chat(let messages) = self else { return nil }
        return messages.last?.role == .assistant ? Array(messages.dropLast()) : messages
    }

    /// Everything said in the record.
    public var texts: [String] {
        switch self {
        case .chat(let messages): messages.map(\.content)
        case .text(let text): [text]
        }
    }
}

extension CorpusRecord: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case messages, prompt, completion, text
    }

    /// Throws `DecodingError` for missing, doubled or wrongly typed keys.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let present = [CodingKeys.messages, .prompt, .text].filter(container.contains)
        guard present.count == 1 else {
            let found = present.map { "\"\($0.stringValue)\"" }.joined(separator: " and ")
            throw RecordFault(
                found.isEmpty
                    ? "a record has \"messages\", \"prompt\" or \"text\"; this one has none of them"
                    : "a record has only one of \"messages\", \"prompt\" and \"text\"; this one has \(found)")
        }
        if container.contains(.completion), present != [.prompt] {
            throw RecordFault("\"completion\" goes with \"prompt\", not with \"\(present[0].stringValue)\"")
        }
        switch present[0] {
        case .messages:
            let messages = try container.decode([Message].self, forKey: .messages)
            guard !messages.isEmpty else { throw RecordFault("\"messages\" is empty") }
            self = .chat(messages)
        case .prompt:
            var messages = [Message(role: .user, content: try container.decode(String.self, forKey: .prompt))]
            if container.contains(.completion) {
                let reply = try container.decode(String.self, forKey: .completion)
                messages.append(Message(role: .assistant, content: reply))
            }
            self = .chat(messages)
        default:
            self = .text(try container.decode(String.self, forKey: .text))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .chat(let messages): try container.encode(messages, forKey: .messages)
        case .text(let text): try container.encode(text, forKey: .text)
        }
    }
}

/// What is wrong with a record whose JSON is sound.
struct RecordFault: Error {
    let problem: String

    init(_ problem: String) { self.problem = problem }
}
