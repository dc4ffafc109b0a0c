import Tokenization

/// A part of a record, such as what a filter looks at. A record that is a text has one part, itself.
public enum TextPart: String, CaseIterable, Codable, Sendable {
    /// The assistant's turns.
    case answer
    /// All other turns.
    case prompt
    /// All turns.
    case all

    /// Whether turns of a role belong to the part.
    func contains(_ role: Role) -> Bool {
        switch self {
        case .answer: role == .assistant
        case .prompt: role != .assistant
        case .all: true
        }
    }

    /// For messages: "an answer".
    var phrase: String {
        switch self {
        case .answer: "an answer"
        case .prompt: "a prompt"
        case .all: "a text"
        }
    }
}

extension CorpusRecord {
    /// The contents of the turns of a part, or the text.
    public func texts(of part: TextPart) -> [String] {
        switch self {
        case .text(let text): [text]
        case .chat(let messages, _): messages.filter { part.contains($0.role) }.map(\.content)
        }
    }

    /// The same as one text, with a line break between turns.
    public func text(of part: TextPart) -> String {
        let texts = texts(of: part)
        return texts.count == 1 ? texts[0] : texts.joined(separator: "\n")
    }
}
