import Support

/// An aligned table for terminals: the first column to the left, figures to the right.
public struct TextTable {
    /// The headings, then the rows, all of one length.
    let rows: [[String]]

    /// - Parameter rows: Cells, shown without the characters that a terminal obeys.
    public init(rows: [[String]]) { self.rows = rows.map { $0.map(\.terminalSafe) } }

    /// The table, one line a row; with `colour` the headings are bold.
    public func text(colour: Bool) -> String {
        guard let header = rows.first else { return "" }
        precondition(rows.allSatisfy { $0.count == header.count }, "rows of different lengths")
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        let lines = rows.map { row in
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + space : space + row[column]
            }.joined(separator: "  ")
        }
        let heading = colour ? "\u{1B}[1m\(lines[0])\u{1B}[0m" : lines[0]
        return ([heading] + lines.dropFirst()).joined(separator: "\n")
    }
}
