import Foundation
import Support

/// Reads records from files: `.jsonl` (or `.ndjson`, `.json`, one object a line), and `.txt`; compressed as `.gz` too.
///
/// `TextDocuments` decides how a text file is divided into records: by default at blank lines.
/// Directories and patterns refer to files, see `CorpusFiles`.
///
///     let records = try CorpusReader([URL(filePath: "data/chats.jsonl")]).records()
///
/// Records are read in slices of a few megabytes and decoded on all cores; memory depends on the longest record and not
/// on the files. Every method throws `UserError` with file and line for text that is not UTF-8, invalid JSON, wrong types
/// and unknown roles, always for the first mistake in the order of the files; and if a file cannot be read or an input
/// has no record at all.
public struct CorpusReader: Sendable {
    /// A file, a directory or a pattern.
    public struct Input: Sendable {
        /// The path, see `CorpusFiles`.
        public var url: URL
        /// The most records that are read, from the first; nil for all.
        public var limit: Int?
        /// What a record of a text file is.
        public var documents: TextDocuments

        /// - Parameters:
        ///   - url: a file, a directory or a pattern
        ///   - limit: the most records that are read; nil for all
        ///   - documents: what a record of a text file is
        public init(_ url: URL, limit: Int? = nil, documents: TextDocuments = .paragraph) {
            self.url = url
            self.limit = limit
            self.documents = documents
        }
    }

    /// The files, directories and patterns, in the order in which they are read.
    public let inputs: [Input]

    /// Bytes that are decoded at once: enough work for all cores, and little memory beside a model.
    private static let sliceBytes = 2 << 20
    /// Records that one thread takes at a time: a millisecond of work.
    private static let groupBytes = 1 << 14

    /// A reader of several inputs.
    public init(_ inputs: [Input]) { self.inputs = inputs }

    /// A reader of several paths with the same options.
    ///
    /// - Parameters:
    ///   - urls: files, directories or patterns
    ///   - limit: the most records that are read from each; nil for all
    ///   - documents: what a record of a text file is
    public init(_ urls: [URL], limit: Int? = nil, documents: TextDocuments = .paragraph) {
        inputs = urls.map { Input($0, limit: limit, documents: documents) }
    }

    /// Files in the directories of the inputs that are skipped because of their kind.
    public var leftOut: [URL] { inputs.flatMap { (try? CorpusFiles(at: $0.url))?.leftOut ?? [] } }

    /// Reads all records, in order.
    ///
    /// - Throws: `UserError` with file and line for the first mistake
    public func records() throws -> [CorpusRecord] {
        var records: [CorpusRecord] = []
        try forEach { records.append($0) }
        return records
    }

    /// Calls `body` with each record, in order.
    ///
    /// - Throws: `UserError` with file and line for the first mistake, and what `body` throws
    public func forEach(_ body: (CorpusRecord) throws -> Void) throws {
        try requireInputs()
        for input in inputs {
            try forEachSlice(of: input) { slice in
                for records in Self.inParallel(
                    slice, { group in Result { try group.map { try $0.record() } } })
                {
                    try records.get().forEach(body)
                }
            }
        }
    }

    func requireInputs() throws {
        guard inputs.isEmpty else { return }
        throw UserError("no corpus", hint: Self.hint, status: .noInput)
    }

    private static let hint = "give .jsonl files with one record a line or .txt files"

    /// Calls `body` with slices of at least `sliceBytes` of records, in order. A file that is one document is a slice by itself.
    func forEachSlice(of input: Input, _ body: ([UnreadRecord]) throws -> Void) throws {
        var records = try UnreadRecords(in: input)
        var (slice, size, count): ([UnreadRecord], Int, Int) = ([], 0, 0)
        func flush() throws {
            let full = slice
            (slice, size) = ([], 0)
            if !full.isEmpty { try body(full) }
        }
        while count < input.limit ?? .max {
            do {
                guard let record = try records.next() else { break }
                if record.file != nil { try flush() }
                slice.append(record)
                size += record.byteCount
                count += 1
            } catch {
                // A mistake in an earlier record is reported first.
                try flush()
                throw error
            }
            if size >= Self.sliceBytes || slice.last?.file != nil { try flush() }
        }
        try flush()
        guard count > 0 else {
            throw UserError("no records", file: input.url.relativePath, hint: Self.hint, status: .noInput)
        }
    }

    /// Calls `transform` with groups of a slice's records on all cores, and returns the results in order.
    static func inParallel<Value>(
        _ slice: [UnreadRecord], _ transform: (ArraySlice<UnreadRecord>) -> Value
    ) -> [Value] {
        var bounds = [0]
        var size = 0
        for (index, record) in slice.enumerated() {
            size += record.byteCount
            if size >= groupBytes || index + 1 == slice.count {
                bounds.append(index + 1)
                size = 0
            }
        }
        var results = [Value?](repeating: nil, count: bounds.count - 1)
        results.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let slots = buffer
            Parallel.forEach(count: slots.count) { group in
                slots[group] = transform(slice[bounds[group]..<bounds[group + 1]])
            }
        }
        return results.map { $0! }
    }
}
