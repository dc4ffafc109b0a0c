/// The prefix and the suffix of a message, in a template that is made of them.
public struct ChatTurn: Codable, Equatable, Sendable {
    /// The text before the message, role marker included.
    public let before: String
    /// The text after the message, end marker included.
    public let after: String

    /// A turn from its prefix and suffix.
    public init(before: String, after: String) {
        self.before = before
        self.after = after
    }

    /// Parses a text such as `"User: {content}\n"`; nil unless it holds `{content}` exactly once.
    public init?(_ text: String) {
        let parts = text.split(separator: "{content}", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(before: String(parts[0]), after: String(parts[1]))
    }
}
