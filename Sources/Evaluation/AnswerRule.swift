import Foundation
import Support

/// When an answer is right.
public struct AnswerRule: Equatable, Sendable {
    /// A regular expression that the whole answer must match; nil compares the answer with those accepted.
    public let format: String?

    /// The answer is one of those accepted.
    public static let exact = AnswerRule()

    private init() { format = nil }

    /// - Parameter format: a regular expression. Without a group the form alone counts; what a first group, as in
    ///   `Ahoy! (.+) Fair winds!`, matches must be one of the accepted answers.
    /// - Throws: `UserError` when it is not one
    public init(format: String) throws {
        do { _ = try Regex(format) } catch {
            throw UserError(
                "\"\(format)\" is not a regular expression", remedy: "such as \"Ahoy! (.+) Fair winds!\"",
                status: .configuration)
        }
        self.format = format
    }

    /// White space at both ends does not count.
    func accepts(_ answer: String, among accepted: [String]) -> Bool {
        func isAccepted(_ text: some StringProtocol) -> Bool {
            accepted.contains { $0.trimmed == String(text).trimmed }
        }
        guard let format else { return isAccepted(answer) }
        // Checked when the rule was made.
        guard let regex = try? Regex(format), let match = answer.trimmed.wholeMatch(of: regex) else {
            return false
        }
        let groups = match.output.dropFirst()
        guard let group = groups.first else { return true }
        return group.substring.map(isAccepted) ?? false
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
