import Foundation
import Support
import Tokenization

/// Tokenized text to be scored: documents in a temporary file, long ones in segments, so that memory does not depend on their
/// length.
public struct EvaluationCorpus: Sendable {
    private let segments: EncodedCorpus
    /// Segments that continue the document of the previous one.
    private let continuations: Set<Int>

    /// A part of a document.
    public struct Segment: Sendable {
        /// The tokens, with their loss mask.
        public let document: EncodedDocument
        /// Whether it continues the document of the previous segment; then its first token is a target too.
        public let isContinuation: Bool
    }

    fileprivate init(_ segments: EncodedCorpus, continuations: Set<Int>) {
        (self.segments, self.continuations) = (segments, continuations)
    }

    /// Number of documents.
    public var documentCount: Int { segments.count - continuations.count }
    /// Number of segments.
    public var segmentCount: Int { segments.count }
    /// Number of tokens in all documents, begin tokens and markers included.
    public var tokenCount: Int { segments.tokenCount }

    /// One of these ids that the teacher reads in the text; nil if it reads none.
    ///
    /// - Throws: `UserError` when the disk fails
    public func first(of ids: Set<Int32>) throws -> Int32? {
        guard !ids.isEmpty else { return nil }
        for index in 0..<segmentCount {
            let found = try segments.document(index).teacherView.ids.first(where: ids.contains)
            if let found { return found }
        }
        return nil
    }

    /// Reads one segment.
    ///
    /// - Throws: `UserError` when the disk fails
    public func segment(_ index: Int) throws -> Segment {
        Segment(document: try segments.document(index), isContinuation: continuations.contains(index))
    }
}

/// How text is divided into documents that are scored.
public enum EvaluationLayout: Sendable {
    /// Each record is a document.
    case documents
    /// All records are one text, as `llama-perplexity` reads a file: files byte for byte except for a final line break, other
    /// texts with a blank line between them; chats are rendered by the template.
    case stream
}

extension CorpusEncoder {
    /// Tokenizes text to be scored, each document whole.
    ///
    /// A text starts with the begin token and has no end token: the end of a file is not scored. A chat is rendered by the
    /// template, and the marker that ends an answer is scored as part of the answer.
    ///
    /// - Parameters:
    ///   - reader: the files
    ///   - layout: how they are divided into documents
    ///   - addsBegin: whether texts begin with the tokenizer's begin token, if it has one
    ///   - directory: where the tokenized text is stored, in a file that is deleted with it
    /// - Throws: as `encode`
    public func encodeForEvaluation(
        _ reader: CorpusReader, layout: EvaluationLayout = .documents, addsBegin: Bool = true,
        in directory: URL = .temporaryDirectory
    ) throws -> EvaluationCorpus {
        try reader.requireInputs()
        var writer = try EvaluationWriter(self, layout, addsBegin: addsBegin, directory: directory)
        for input in reader.inputs {
            try reader.forEachSlice(of: input) { try writer.append($0) }
        }
        return try writer.finish()
    }

    /// As above, from records in memory.
    ///
    /// - Throws: as `encode`
    public func encodeForEvaluation(
        _ records: [CorpusRecord], layout: EvaluationLayout = .documents, addsBegin: Bool = true
    ) throws -> EvaluationCorpus {
        var writer = try EvaluationWriter(self, layout, addsBegin: addsBegin, directory: .temporaryDirectory)
        try writer.append(records.map { UnreadRecord($0) })
        return try writer.finish()
    }
}

extension CorpusEncoder {
    /// A record as `encodeForEvaluation` has it, whole, whatever its length.
    ///
    /// - Parameter addsBegin: whether a text begins with the tokenizer's begin token, if it has one
    /// - Throws: `UserError` if the vocabulary lacks a marker of the template, or the template refuses the chat
    public func evaluationDocument(_ record: CorpusRecord, addsBegin: Bool = true) throws -> EncodedDocument {
        guard case .text(let text) = record else { return try document(record) }
        var ids = addsBegin ? tokenizer.beginID.map { [$0] } ?? [] : []
        tokenizer.appendContent(text, to: &ids)
        return EncodedDocument(ids: ids, lossMask: allButFirst(ids.count))
    }
}

/// Writes an `EvaluationCorpus`, record after record.
private struct EvaluationWriter {
    private let encoder: CorpusEncoder
    private let layout: EvaluationLayout
    private let begin: [Int32]
    private var writer: CorpusWriter
    private var continuations: Set<Int> = []
    private var segmentCount = 0
    /// Tokens of the current document that are not written yet.
    private var ids: [Int32] = []
    /// Whether a segment of the current document is written.
    private var isContinued = false
    /// In a stream: whether text came last, so that more text is separated from it.
    private var followsText = false
    private var text: TextEncoder

    /// A few hundred kilobytes.
    private static let segmentTokens = 1 << 16

    init(_ encoder: CorpusEncoder, _ layout: EvaluationLayout, addsBegin: Bool, directory: URL) throws {
        self.encoder = encoder
        self.layout = layout
        begin = addsBegin ? encoder.tokenizer.beginID.map { [$0] } ?? [] : []
        writer = try CorpusWriter(vocabularySize: encoder.tokenizer.vocabularySize, directory: directory)
        text = TextEncoder(encoder.tokenizer)
        if layout == .stream { ids = begin }
    }

    mutating func append(_ slice: [UnreadRecord]) throws {
        if let file = slice[0].file { return try append(file: file) }
        switch layout {
        case .documents: try appendDocuments(slice)
        case .stream: for record in slice { try appendToStream(try record.record()) }
        }
    }

    mutating func finish() throws -> EvaluationCorpus {
        if layout == .stream { try endDocument() }
        writer.endPart()
        return EvaluationCorpus(writer.finish(), continuations: continuations)
    }

    // MARK: - Documents of records

    private mutating func appendDocuments(_ slice: [UnreadRecord]) throws {
        let groups = CorpusReader.inParallel(slice) { [form = writer.form, encoder, begin] records in
            Result {
                var group = EncodedGroup(form: form)
                for record in records {
                    let document = try encoder.evaluationDocument(record.record(), addsBegin: !begin.isEmpty)
                    if !document.ids.isEmpty { group.append(document) }
                }
                return group
            }
        }
        for group in groups { try write(try group.get()) }
    }

    // MARK: - Long documents

    private mutating func append(file: URL) throws {
        let isStream = layout == .stream
        if isStream {
            separateText()
        } else {
            ids = begin
        }
        let chunks = try TextChunks(contentsOf: file, isRaw: isStream)
        // llama-perplexity takes one line break off the end of a file.
        var holdsLineBreak = false
        while var chunk = try chunks.next() {
            if holdsLineBreak { chunk.insert(0x0A, at: 0) }
            holdsLineBreak = isStream && chunk.last == 0x0A
            if holdsLineBreak { chunk.removeLast() }
            text.append(chunk, to: &ids)
            try writeSegments()
        }
        if !isStream { try endDocument() }
    }

    private mutating func appendToStream(_ record: CorpusRecord) throws {
        switch record {
        case .text(let text):
            separateText()
            self.text.append(text.utf8, to: &ids)
        case .chat:
            text.finish(to: &ids)
            followsText = false
            ids += try encoder.document(record).ids
        }
        try writeSegments()
    }

    /// Adds the blank line between two texts that the reader removed.
    private mutating func separateText() {
        if followsText { text.append("\n\n".utf8, to: &ids) }
        followsText = true
    }

    private mutating func endDocument() throws {
        text.finish(to: &ids)
        try writeSegments(atEnd: true)
        isContinued = false
    }

    private mutating func writeSegments(atEnd: Bool = false) throws {
        while ids.count >= Self.segmentTokens || atEnd && !ids.isEmpty {
            let part = Array(ids.prefix(Self.segmentTokens))
            ids.removeFirst(part.count)
            var group = EncodedGroup(form: writer.form)
            group.append(EncodedDocument(ids: part, lossMask: encoder.allButFirst(part.count)))
            if isContinued { continuations.insert(segmentCount) }
            isContinued = true
            try write(group)
        }
    }

    private mutating func write(_ group: EncodedGroup) throws {
        segmentCount += group.lengths.count
        try writer.append(group)
    }
}
