import Foundation
import Support
import SwiftCSV

/// The rows of a small table: `.csv` and `.tsv` with a line of names (RFC 4180), or `.jsonl` with an object on each line.
///
/// Tables fill templates of prompts; they are held in memory.
public struct TableRows: Sendable {
    /// A row.
    public struct Row: Equatable, Sendable {
        /// Where it is: the line in a JSONL file, the number of the row, from 1 for the first below the names, in others.
        public let line: Int
        /// The values by column. Numbers, truth values and lists of JSON are written as JSON.
        public let values: [String: String]
    }

    /// The file, for messages.
    public let file: String
    /// The rows, in order.
    public let rows: [Row]

    /// The kinds of files, for messages.
    public static let summary = ".csv, .tsv or .jsonl"
    /// The largest table.
    private static let mostBytes = 1 << 28

    /// Whether a file is a table by its name.
    public static func isTable(_ url: URL) -> Bool {
        ["csv", "tsv", "jsonl", "ndjson"].contains(CorpusFiles.kind(of: url))
    }

    /// Reads a table.
    ///
    /// - Throws: `UserError` with file and line for rows that do not fit the names, for other kinds of files, and for files that cannot
    ///   be read
    public init(contentsOf url: URL) throws {
        file = url.relativePath
        switch CorpusFiles.kind(of: url) {
        case "csv": rows = try Self.separated(url, by: .comma)
        case "tsv": rows = try Self.separated(url, by: .tab)
        case "jsonl", "ndjson": rows = try Self.objects(url)
        case let kind:
            throw UserError(
                kind.isEmpty ? "a table without a file extension" : "a table of kind .\(kind)", file: file,
                hint: "give \(Self.summary)")
        }
        guard !rows.isEmpty else {
            throw UserError(
                "has no row", file: file, hint: "the first line holds the names", status: .noInput)
        }
    }

    private static func separated(_ url: URL, by delimiter: CSVDelimiter) throws -> [Row] {
        let text = try TextChunks.text(
            of: url, limit: mostBytes, what: "a table", hint: "divide it into several files")
        let table: CSV<Enumerated>
        do {
            table = try CSV<Enumerated>(string: text, delimiter: delimiter, loadColumns: false)
        } catch {
            throw UserError(
                "is not a table: \(error)", file: url.relativePath,
                hint: "quote values that contain quotes or line breaks")
        }
        let names = table.header
        if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw UserError("two columns are named \"\(twice)\"", file: url.relativePath, line: 1)
        }
        return try table.rows.enumerated().compactMap { index, fields in
            if fields.allSatisfy(\.isEmpty) { return nil }
            guard fields.count == names.count else {
                throw UserError(
                    "row \(index + 1) has \(fields.count) values, the first line \(names.count) names",
                    file: url.relativePath, hint: "quote values that contain the separator")
            }
            return Row(line: index + 1, values: Dictionary(uniqueKeysWithValues: zip(names, fields)))
        }
    }

    private static func objects(_ url: URL) throws -> [Row] {
        var rows: [Row] = []
        try JSONLines(contentsOf: url).forEach { line in
            guard case .object(let members) = try OrderedJSON(line.bytes, name: line.file) else {
                throw line.error("is not an object", hint: "each line is {\"column\": value, …}")
            }
            let values = members.map { member -> (String, String) in
                guard case .string(let text) = member.value else { return (member.key, member.value.text) }
                return (member.key, text)
            }
            rows.append(Row(line: line.number, values: Dictionary(values, uniquingKeysWith: { $1 })))
        }
        return rows
    }
}
