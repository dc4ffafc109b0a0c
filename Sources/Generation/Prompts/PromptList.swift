import Foundation

/// Reads the items of a list that a model wrote: one a line, with or without numbers, bullets, quotes and emphasis.
enum PromptList {
    /// The items, in order. Lines that introduce a list (they end in a colon) and lines without a letter are no items.
    ///
    /// - Parameter isWhole: false leaves out the last line, which may be a part of one
    static func items(in answer: String, isWhole: Bool) -> [String] {
        var lines = answer.split(whereSeparator: \.isNewline)
        if !isWhole { _ = lines.popLast() }
        return lines.map { item($0) }.filter { $0.contains(where: \.isLetter) && !$0.hasSuffix(":") }
    }

    private static func item(_ line: Substring) -> String {
        var text = line.trimmingCharacters(in: .whitespaces)
        // "1.", "2)", "(3)", "Q4:", "Question 5:", "-", "*", "•"; emphasis may surround the marker.
        let marker = /^(?:\*\*)?(?:[-*•–]|\(?\d{1,4}[.):]\)?|(?:Q|Question)\s?\d{0,4}[.):])(?:\*\*)?\s+/
            .ignoresCase()
        text = text.replacing(marker, with: "", maxReplacements: 1)
        for (open, close) in [("**", "**"), ("\"", "\""), ("“", "”"), ("'", "'"), ("«", "»")]
        where text.count > open.count + close.count && text.hasPrefix(open) && text.hasSuffix(close) {
            text = String(text.dropFirst(open.count).dropLast(close.count))
        }
        return text.trimmingCharacters(in: .whitespaces)
    }
}
