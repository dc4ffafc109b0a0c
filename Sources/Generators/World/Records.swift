/// One turn of a chat.
public struct Turn: Hashable, Sendable {
    /// Who writes the turn.
    public enum Role: String, Sendable { case system, user, assistant }
    /// Who writes the turn.
    public let role: Role
    /// The text of the turn.
    public let content: String

    static func system(_ content: String) -> Turn { Turn(role: .system, content: content) }
    static func user(_ content: String) -> Turn { Turn(role: .user, content: content) }
    static func assistant(_ content: String) -> Turn { Turn(role: .assistant, content: content) }
}

/// One line of a file of the world.
public enum Record: Hashable, Sendable {
    /// A text without roles.
    case text(String)
    /// A conversation.
    case chat([Turn])
    /// A prompt whose reply is compared with the answers.
    case question([Turn], answers: [String])
    /// A prompt together with the number of the sheet it stands on.
    case prompt([Turn], sheet: Int)

    /// The record as one line of JSON, keys in a fixed order.
    public var json: String {
        switch self {
        case .text(let text): "{\"text\": \(Self.quoted(text))}"
        case .chat(let turns): "{\"messages\": \(Self.list(turns))}"
        case .question(let turns, let answers):
            "{\"messages\": \(Self.list(turns)), \"answers\": [\(answers.map(Self.quoted).joined(separator: ", "))]}"
        case .prompt(let turns, let sheet): "{\"sheet\": \(sheet), \"messages\": \(Self.list(turns))}"
        }
    }

    /// All turns; a text counts as none.
    public var turns: [Turn] {
        switch self {
        case .text: []
        case .chat(let turns), .question(let turns, _), .prompt(let turns, _): turns
        }
    }

    /// Every string a reader of this record sees in its prompt or its text.
    public var strings: [String] {
        if case .text(let text) = self { return [text] }
        return turns.map(\.content)
    }

    private static func list(_ turns: [Turn]) -> String {
        let items = turns.map { "{\"role\":\"\($0.role.rawValue)\",\"content\":\(quoted($0.content))}" }
        return "[" + items.joined(separator: ",") + "]"
    }

    /// The world's text holds no control characters, so quotes and backslashes are all that needs escaping.
    private static func quoted(_ text: String) -> String {
        precondition(text.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "control character in \(text)")
        var result = "\""
        for character in text {
            if character == "\"" || character == "\\" { result.append("\\") }
            result.append(character)
        }
        return result + "\""
    }
}
