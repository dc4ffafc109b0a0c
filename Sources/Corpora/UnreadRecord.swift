import Foundation
import Support

/// A record as it stands in a file: reading it is work for many threads.
struct UnreadRecord {
    private enum Content {
        case json(JSONLines.Line)
        case paragraph(String)
        case read(CorpusRecord)
    }

    private let content: Content
    /// Bytes of text, about: what memory and time depend on.
    let byteCount: Int

    init(_ line: JSONLines.Line) {
        content = .json(line)
        byteCount = line.bytes.count
    }

    init(paragraph: String) {
        content = .paragraph(paragraph)
        byteCount = paragraph.utf8.count
    }

    init(_ record: CorpusRecord) {
        content = .read(record)
        byteCount = record.texts.reduce(0) { $0 + $1.utf8.count }
    }

    /// - Throws: `UserError` with file and line for unsound JSON, wrong types and unknown roles
    func record() throws -> CorpusRecord {
        switch content {
        case .json(let line):
            if let record = RecordScanner.record(in: line.bytes) { return record }
            do {
                return try line.decode(CorpusRecord.self)
            } catch let fault as RecordFault {
                throw line.error(fault.problem)
            }
        case .paragraph(let text): return .text(text)
        case .read(let record): return record
        }
    }
}

/// The records of one file or directory, in order.
struct UnreadRecords {
    /// Files still to be read, the next one last.
    private var files: [URL]
    private var lines: JSONLines?
    private var isText = false
    /// The first line of a paragraph, read to see that the one before has ended.
    private var ahead: JSONLines.Line?

    init(in url: URL) throws {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), isDirectory.boolValue
        {
            files = try Self.corpusFiles(in: url).reversed()
        } else {
            files = [url]
        }
    }

    /// The next record, or nil at the end.
    ///
    /// - Throws: `UserError` with file and line for text that is not UTF-8, and if a file cannot be read
    mutating func next() throws -> UnreadRecord? {
        while true {
            if let record = try isText ? nextParagraph() : lines?.next().map({ UnreadRecord($0) }) {
                return record
            }
            guard let file = files.popLast() else { return nil }
            try open(file)
        }
    }

    private mutating func open(_ file: URL) throws {
        switch file.pathExtension.lowercased() {
        case "jsonl", "json": isText = false
        case "txt": isText = true
        case let other:
            throw UserError(
                other.isEmpty ? "a corpus without a file extension" : "a corpus of kind .\(other)",
                file: file.relativePath, remedy: "give .jsonl or .txt")
        }
        lines = try JSONLines(contentsOf: file)
    }

    private mutating func nextParagraph() throws -> UnreadRecord? {
        guard let first = try ahead ?? lines?.next() else { return nil }
        ahead = nil
        var text = first.text
        var number = first.number
        // The reader passes over blank lines: a jump in the numbers is where they were.
        while let line = try lines?.next() {
            guard line.number == number + 1 else {
                ahead = line
                break
            }
            text += "\n"
            text += line.text
            number = line.number
        }
        return UnreadRecord(paragraph: text)
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
}
