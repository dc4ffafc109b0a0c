import Foundation
import Support

/// A tokenized corpus: documents in a temporary file, read one by one.
///
/// Made by `CorpusEncoder`. Memory holds the offset and the length of each document, 12 bytes; the tokens stay on disk.
public struct EncodedCorpus: Sendable {
    private let file: ScratchFile
    private let form: DocumentForm
    /// Where each document begins in the file.
    private let offsets: [UInt64]
    /// Tokens of each document as the student reads it.
    public let lengths: [UInt32]
    /// Counts of the records and documents. A selection of documents has the summary of the whole corpus.
    public let summary: CorpusSummary
    /// The documents of each input, see `CorpusReader.Input`. A selection of documents is one part.
    public let parts: [Range<Int>]

    fileprivate init(_ writer: CorpusWriter) {
        file = writer.file
        form = writer.form
        offsets = writer.offsets
        lengths = writer.lengths
        summary = writer.summary
        parts = writer.parts
    }

    private init(_ whole: EncodedCorpus, choosing indices: some Sequence<Int>) {
        file = whole.file
        form = whole.form
        summary = whole.summary
        (offsets, lengths) = indices.reduce(into: ([], [])) {
            $0.0.append(whole.offsets[$1])
            $0.1.append(whole.lengths[$1])
        }
        parts = [0..<offsets.count]
    }

    /// A corpus of documents that were made elsewhere.
    ///
    /// - Parameters:
    ///   - documents: in order
    ///   - vocabularySize: above every id; ids below 65,536 take half the disk
    /// - Throws: `UserError` when the disk refuses
    public init(_ documents: some Sequence<EncodedDocument>, vocabularySize: Int = .max) throws {
        var writer = try CorpusWriter(vocabularySize: vocabularySize, directory: .temporaryDirectory)
        for document in documents {
            var group = EncodedGroup(form: writer.form)
            group.append(document)
            try writer.append(group)
        }
        writer.endPart()
        self.init(writer)
    }

    /// Number of documents.
    public var count: Int { offsets.count }

    /// Number of the student's tokens in all documents.
    public var tokenCount: Int { lengths.reduce(0) { $0 + Int($1) } }

    /// Reads one document. Any number of threads may read at once.
    ///
    /// - Complexity: O(tokens of the document)
    /// - Throws: `UserError` when the disk fails
    public func document(_ index: Int) throws -> EncodedDocument {
        try form.document(in: file, at: Int(offsets[index]), studentTokens: Int(lengths[index]))
    }

    /// The results of `transform` on each document, in order.
    ///
    /// - Throws: what `transform` throws, and `UserError` when the disk fails
    public func map<Result>(_ transform: (EncodedDocument) throws -> Result) throws -> [Result] {
        try offsets.indices.map { try transform(try document($0)) }
    }

    /// Some of the documents, in the order of the indices; an index given twice is taken twice. The file is shared.
    public func choosing(_ indices: some Sequence<Int>) -> EncodedCorpus {
        EncodedCorpus(self, choosing: indices)
    }
}

/// Documents of some records in their binary layout.
struct EncodedGroup {
    let form: DocumentForm
    private(set) var bytes: [UInt8] = []
    /// Where each document begins in `bytes`.
    private(set) var offsets: [Int] = []
    private(set) var lengths: [UInt32] = []
    var summary = CorpusSummary()

    init(form: DocumentForm) { self.form = form }

    mutating func append(_ document: EncodedDocument) {
        offsets.append(bytes.count)
        lengths.append(UInt32(document.ids.count))
        form.append(document, to: &bytes)
        summary.documents += 1
        summary.tokens += document.ids.count
        summary.targetTokens += document.targetCount
    }
}

/// Writes the file of a corpus, group after group.
struct CorpusWriter {
    fileprivate let file: ScratchFile
    let form: DocumentForm
    fileprivate private(set) var offsets: [UInt64] = []
    fileprivate private(set) var lengths: [UInt32] = []
    private(set) var summary = CorpusSummary()
    fileprivate private(set) var parts: [Range<Int>] = []
    private var end = 0
    /// Number of targets in the parts that have ended.
    private var earlierTargets = 0

    init(vocabularySize: Int, directory: URL) throws {
        file = try ScratchFile(in: directory)
        form = DocumentForm(vocabularySize: vocabularySize)
    }

    mutating func append(_ group: EncodedGroup) throws {
        try group.bytes.withUnsafeBytes { try file.append($0) }
        offsets += group.offsets.lazy.map { [end] in UInt64(end + $0) }
        lengths += group.lengths
        end += group.bytes.count
        summary += group.summary
    }

    /// Ends the documents of an input and returns the number of their targets.
    @discardableResult
    mutating func endPart() -> Int {
        parts.append((parts.last?.upperBound ?? 0)..<offsets.count)
        defer { earlierTargets = summary.targetTokens }
        return summary.targetTokens - earlierTargets
    }

    func finish() -> EncodedCorpus { EncodedCorpus(self) }
}
