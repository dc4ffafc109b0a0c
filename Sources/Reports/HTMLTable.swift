import Foundation

/// A table as HTML that is read without scrolling sideways.
///
/// Columns that do not fit the page stand in a further table below, with the first column again. Screens that are narrower
/// than a table show its rows one below the other, each value behind its heading.
struct HTMLTable {
    /// Headings, then rows of as many cells. The first column holds names.
    var rows: [[String]]
    /// Columns of sentences, set to the left; they wrap.
    var sentences: Set<Int> = []

    /// Widths in em of the table's type. A digit of a wide face such as DejaVu Sans takes 0.64 em.
    private static let digit = 0.66, padding = 1.2
    /// Names take at most this much; longer ones wrap.
    private static let longestName = 15.0
    /// Characters of a word that stay together, in a heading and in a name.
    private static let word = 14, nameWord = 24
    /// The widest table each class of the style sheet has room for, in em.
    static let sizes = [("narrow", 26.0), ("medium", 52.0), ("wide", 82.0)]

    var html: String {
        guard let header = rows.first, !header.isEmpty else { return "" }
        return parts.map { part(columns: [0] + $0) }.joined()
    }

    /// The columns behind the first, divided so that each part fits the page.
    var parts: [[Int]] {
        var parts: [[Int]] = [[]]
        var width = names
        for column in (rows.first ?? []).indices.dropFirst() {
            let needed = self.width(of: column)
            if width + needed > Self.sizes[Self.sizes.count - 1].1, !parts[parts.count - 1].isEmpty {
                parts.append([])
                width = names
            }
            parts[parts.count - 1].append(column)
            width += needed
        }
        return parts
    }

    /// What the first column takes.
    private var names: Double {
        min(Self.longestName, Double(rows.map { $0[0].count }.max() ?? 0) * Self.digit)
    }

    /// In em. A heading wraps between words and within very long ones.
    private func width(of column: Int) -> Double {
        if sentences.contains(column) { return Self.longestName }
        let heading = rows[0][column].split(separator: " ").map { min($0.count, Self.word) }.max() ?? 0
        let cells = rows.dropFirst().map { $0[column].count }.max() ?? 0
        return Double(max(heading, cells)) * Self.digit + Self.padding
    }

    private func part(columns: [Int]) -> String {
        let width = columns.dropFirst().reduce(names) { $0 + self.width(of: $1) }
        let size = Self.sizes.first { width <= $0.1 } ?? Self.sizes[Self.sizes.count - 1]
        let header = rows[0]
        let head = columns.map { "<th\(style($0))>\(Self.breakable(header[$0], word: Self.word))</th>" }
        let lines = rows.dropFirst().map { row in
            let cells = columns.map { column in
                let text = column == 0 ? Self.breakable(row[0], word: Self.nameWord) : row[column].htmlEscaped
                let label = column == 0 ? "" : " data-label=\"\(header[column].htmlEscaped)\""
                return "<td\(style(column))\(label)>\(text)</td>"
            }
            return "<tr>\(cells.joined())</tr>\n"
        }
        return "<table class=\"\(size.0)\">\n<thead><tr>\(head.joined())</tr></thead>\n<tbody>\n"
            + "\(lines.joined())</tbody>\n</table>\n"
    }

    private func style(_ column: Int) -> String { sentences.contains(column) ? " class=\"sentence\"" : "" }

    /// Text that may be broken within words, too, where they are very long.
    private static func breakable(_ text: String, word: Int) -> String {
        text.split(separator: " ", omittingEmptySubsequences: false).map { part in
            var (rest, pieces) = (part[...], [String]())
            while rest.count > word {
                pieces.append(String(rest.prefix(word)).htmlEscaped)
                rest = rest.dropFirst(word)
            }
            return (pieces + [String(rest).htmlEscaped]).joined(separator: "<wbr/>")
        }.joined(separator: " ")
    }
}
