import Foundation
import Support

/// A record before it is decoded, which is left to many threads.
struct UnreadRecord {
    private enum Content {
        case json(JSONLines.Line)
        case text(String, RecordLocation)
        /// A text file that is one document.
        case file(URL)
        case read(CorpusRecord)
    }

    private let content: Content
    /// Approximate bytes of text, which memory and time depend on. 0 for a file, whose text is not in memory.
    let byteCount: Int

    init(_ line: JSONLines.Line) {
        content = .json(line)
        byteCount = line.bytes.count
    }

    /// - Parameter line: the first line of the text
    init(text: String, from line: JSONLines.Line) {
        content = .text(text, RecordLocation(file: line.file, line: line.number))
        byteCount = text.utf8.count
    }

    init(file: URL) {
        content = .file(file)
        byteCount = 0
    }

    init(_ record: CorpusRecord) {
        content = .read(record)
        byteCount = record.texts.reduce(0) { $0 + $1.utf8.count }
    }

    /// The file whose whole text is the record; nil for a record of another kind.
    var file: URL? { if case .file(let url) = content { url } else { nil } }

    /// Where the record is; nil for one that was made in memory.
    var location: RecordLocation? {
        switch content {
        case .json(let line): RecordLocation(file: line.file, line: line.number)
        case .text(_, let location): location
        case .file(let url): RecordLocation(file: url.relativePath, line: 1)
        case .read: nil
        }
    }

    /// The line of JSON that the record is, without its line break; nil for a record of another kind.
    var line: JSONLines.Line? { if case .json(let line) = content { line } else { nil } }

    /// Runs work on the record; an error that names no file is given the record's source location.
    func located<Result>(_ body: () throws -> Result) throws -> Result {
        guard case .json(let line) = content else { return try body() }
        return try UserError.located(in: line.file, line: line.number, body)
    }

    /// Decodes the record.
    ///
    /// - Throws: `UserError` with file and line for invalid JSON, wrong types and unknown roles
    func record() throws -> CorpusRecord {
        switch content {
        case .json(let line):
            return try line.record()
        case .text(let text, _): return .text(text)
        case .file(let url): return .text(try Self.whole(url))
        case .read(let record): return record
        }
    }

    /// The text of a file, for callers that need it in memory.
    private static func whole(_ url: URL) throws -> String {
        try TextChunks.text(
            of: url, limit: JSONLines.longestLine, what: "a document",
            hint: "divide it by documents: paragraph or documents: line")
    }
}

extension JSONLines.Line {
    /// Decodes the line as a record.
    ///
    /// - Throws: `UserError` with file and line for invalid JSON, wrong types and unknown roles
    public func record() throws -> CorpusRecord {
        if let record = RecordScanner.record(in: bytes) { return record }
        do {
            return try RecordTools.ordered(try decode(CorpusRecord.self), of: self)
        } catch let fault as RecordFault {
            throw error(fault.problem, hint: fault.hint)
        }
    }
}

/// The records of one file, directory or pattern, in order.
struct UnreadRecords {
    private let documents: TextDocuments
    /// Files still to be read, the next one last.
    private var files: [URL]
    private var lines: JSONLines?
    private var isText = false
    /// The first line of the next paragraph, read to see that the previous one has ended.
    private var ahead: JSONLines.Line?

    init(in input: CorpusReader.Input) throws {
        documents = input.documents
        files = try CorpusFiles(at: input.url).files.reversed()
    }

    /// The next record, or nil at the end.
    ///
    /// - Throws: `UserError` with file and line for text that is not UTF-8, and if a file cannot be read
    mutating func next() throws -> UnreadRecord? {
        while true {
            if let record = try isText ? nextDocument() : lines?.next().map({ UnreadRecord($0) }) {
                return record
            }
            guard let file = files.popLast() else { return nil }
            if let whole = try open(file) { return whole }
        }
    }

    private mutating func open(_ file: URL) throws -> UnreadRecord? {
        switch CorpusFiles.kind(of: file) {
        case "jsonl", "ndjson", "json": isText = false
        case "txt": isText = true
        default: throw CorpusFiles.unsupported(file, as: "a corpus")
        }
        if isText, documents == .file {
            lines = nil
            return try Self.isBlank(file) ? nil : UnreadRecord(file: file)
        }
        lines = try JSONLines(contentsOf: file)
        return nil
    }

    /// Whether there is no text in the file. The file is opened, so that a mistake in it is reported in its turn.
    private static func isBlank(_ file: URL) throws -> Bool {
        // A pipe can be read only once.
        let isRegular = (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile
        guard isRegular == true else { return false }
        let chunks = try TextChunks(contentsOf: file)
        while let chunk = try chunks.next() {
            if chunk.contains(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) { return false }
        }
        return true
    }

    private mutating func nextDocument() throws -> UnreadRecord? {
        guard let first = try ahead ?? lines?.next() else { return nil }
        ahead = nil
        if documents == .line { return UnreadRecord(text: first.text, from: first) }
        var text = first.text
        var number = first.number
        // The reader skips blank lines: they show as a jump in the line numbers.
        while let line = try lines?.next() {
            guard line.number == number + 1 else {
                ahead = line
                break
            }
            text += "\n"
            text += line.text
            number = line.number
        }
        return UnreadRecord(text: text, from: first)
    }
}
