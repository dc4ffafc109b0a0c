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
                "\"\(format)\" is not a regular expression", hint: "such as \"Ahoy! (.+) Fair winds!\"",
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

extension String {
    /// An answer in SQuAD's normal form (Rajpurkar et al. 2016, arXiv 1606.05250): in lower case, without ASCII punctuation and
    /// the words a, an and the, with single spaces between words.
    public var normalizedAnswer: String {
        let letters = lowercased().unicodeScalars.filter {
            !($0.isASCII && ($0.properties.generalCategory.isPunctuation || Self.signs.contains($0)))
        }
        return String(String.UnicodeScalarView(letters)).split(whereSeparator: \.isWhitespace)
            .filter { !["a", "an", "the"].contains($0) }.joined(separator: " ")
    }

    /// The ASCII signs that Unicode takes for symbols and Python's `string.punctuation` for punctuation.
    private static let signs: Set<Unicode.Scalar> = ["$", "+", "<", "=", ">", "^", "`", "|", "~"]

    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}

extension Unicode.GeneralCategory {
    fileprivate var isPunctuation: Bool {
        switch self {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            true
        default: false
        }
    }
}
