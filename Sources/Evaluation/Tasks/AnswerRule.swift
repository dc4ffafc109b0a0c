import Foundation
import Support

/// Decides whether an answer is correct.
public struct AnswerRule: Equatable, Sendable {
    /// A regular expression that the whole answer must match; nil compares the answer with the accepted ones.
    public let format: String?

    /// An answer is correct if it is one of the accepted ones.
    public static let exact = AnswerRule()

    private init() { format = nil }

    /// An answer is correct if it matches a regular expression.
    ///
    /// - Parameter format: the expression. Without a group only the format counts; the match of a first group, as in
    ///   `Ahoy! (.+) Fair winds!`, must be one of the accepted answers.
    /// - Throws: `UserError` when it is not a regular expression
    public init(format: String) throws {
        do { _ = try Regex(format) } catch {
            throw UserError(
                "\"\(format)\" is not a regular expression", hint: "such as \"Ahoy! (.+) Fair winds!\"",
                status: .configuration)
        }
        self.format = format
    }

    /// Whether an answer is correct. White space at both ends is ignored.
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

extension AnswerRule {
    /// As `accepts`, with answers compared in their normal form.
    func acceptsNormalized(_ answer: String, among accepted: [String]) -> Bool {
        func isAccepted(_ text: some StringProtocol) -> Bool {
            let normal = String(text).normalizedAnswer
            return accepted.contains { $0.normalizedAnswer == normal }
        }
        guard let format else { return isAccepted(answer) }
        guard let regex = try? Regex(format), let match = answer.trimmed.wholeMatch(of: regex),
            let group = match.output.dropFirst().first
        else { return false }
        return group.substring.map(isAccepted) ?? false
    }
}
