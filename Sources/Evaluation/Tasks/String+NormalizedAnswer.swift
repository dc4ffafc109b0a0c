import Foundation

extension String {
    /// The answer normalized as in SQuAD (Rajpurkar et al. 2016, arXiv 1606.05250): in lower case, without ASCII punctuation and
    /// the words a, an and the, with single spaces between words.
    public var normalizedAnswer: String {
        let letters = lowercased().unicodeScalars.filter {
            !($0.isASCII && ($0.properties.generalCategory.isPunctuation || Self.signs.contains($0)))
        }
        return String(String.UnicodeScalarView(letters)).split(whereSeparator: \.isWhitespace)
            .filter { !["a", "an", "the"].contains($0) }.joined(separator: " ")
    }

    /// The ASCII characters that Unicode calls symbols and Python's `string.punctuation` punctuation.
    private static let signs: Set<Unicode.Scalar> = ["$", "+", "<", "=", ">", "^", "`", "|", "~"]

    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
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
