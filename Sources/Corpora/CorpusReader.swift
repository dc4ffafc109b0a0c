import Foundation
import Support

/// Reads records from files: `.jsonl` (or `.json`, one object a line), and `.txt`.
///
/// In a text file, blank lines separate documents: each paragraph is a record, its lines joined by `\n`.
/// A directory stands for its files of these kinds, in the order of their names.
public enum CorpusReader {
    /// All records of the files, in order.
    ///
    /// Throws `UserError` with file and line for text that is not UTF-8, unsound JSON, wrong types and unknown
    /// roles; and if a file cannot be read or the files hold no record at all.
    public static func records(in urls: [URL]) throws -> [CorpusRecord] {
        var records: [CorpusRecord] = []
        for url in urls { try forEachRecord(in: url) { records.append($0) } }
        guard !records.isEmpty else {
            let names = urls.map(\.relativePath).joined(separator: ", ")
            throw UserError(
                "no records", file: names.isEmpty ? nil : names,
                remedy: "give .jsonl files with one record a line or .txt files", status: .noInput)
        }
        return records
    }

    /// Calls `body` with each record of a file or directory; memory does not depend on its size.
    public static func forEachRecord(in url: URL, _ body: (CorpusRecord) throws -> Void) throws {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), isDirectory.boolValue
        {
            for file in try corpusFiles(in: url) { try forEachRecord(in: file, body) }
            return
        }
        switch url.pathExtension.lowercased() {
        case "jsonl", "json": try forEachLine(in: url, body)
        case "txt": try forEachParagraph(in: url, body)
        case let other:
            throw UserError(
                other.isEmpty ? "a corpus without a file extension" : "a corpus of kind .\(other)",
                file: url.relativePath, remedy: "give .jsonl or .txt")
        }
    }

    private static func corpusFiles(in directory: URL) throws -> [URL] {
        do {
            return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
                .filter { ["jsonl", "json", "txt"].contains($0.pathExtension.lowercased()) }
                .sorted { $0.lastPathComponent < $1.lastPathComponent }
        } catch {
            throw UserError(
                "cannot be read: \(error.localizedDescription)", file: directory.relativePath,
                status: .noInput)
        }
    }

    private static func forEachLine(in url: URL, _ body: (CorpusRecord) throws -> Void) throws {
        try JSONLines(contentsOf: url).forEach { line in
            do {
                try body(try line.decode(CorpusRecord.self))
            } catch let fault as RecordFault {
                throw line.error(fault.problem)
            }
        }
    }

    private static func forEachParagraph(in url: URL, _ body: (CorpusRecord) throws -> Void) throws {
        var paragraph: [String] = []
        var lastNumber = 0
        func finish() throws {
            guard !paragraph.isEmpty else { return }
            try body(.text(paragraph.joined(separator: "\n")))
            paragraph = []
        }
        // The reader passes over blank lines: a jump in the numbers is where they were.
        try JSONLines(contentsOf: url).forEach { line in
            if line.number != lastNumber + 1 { try finish() }
            paragraph.append(line.text)
            lastNumber = line.number
        }
        try finish()
    }
}
