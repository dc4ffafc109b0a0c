/// A table in Markdown: the first column to the left, figures to the right.
enum MarkdownTable {
    /// - Parameter rows: headings, then rows of as many cells, plain text
    static func text(_ rows: [[String]]) -> String {
        guard let header = rows.first else { return "" }
        let rule = header.indices.map { $0 == 0 ? "---" : "---:" }
        return ([header.map(\.markdownEscaped), rule] + rows.dropFirst().map { $0.map(\.markdownEscaped) })
            .map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    }
}
