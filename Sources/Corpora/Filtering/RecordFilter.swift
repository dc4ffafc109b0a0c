import Foundation
import Support

/// What a filter decides on a record.
public enum FilterVerdict: Equatable, Sendable {
    /// The record stays.
    case keep
    /// The record stays since the filter cannot judge it: it has no finish reason, or no letters.
    case unjudged
    /// The record is removed; the text is a reason for a reader.
    case remove(String)
}

/// Decides which records of a corpus stay.
///
/// A filter that looks at each record by itself conforms to `RecordRule`, which is simpler. A kind that recipes can name is one
/// file in `Kinds` with an extension of `FilterKind`, and one line in `FilterKind.all`.
public protocol RecordFilter: Sendable {
    /// The part of each record that is looked at; nil where it is not text.
    var part: TextPart? { get }
    /// Corpora that records are compared with. None of them may be among the files that are filtered.
    var references: [URL] { get }
    /// Reads the references and forgets all records. Called before the first record of each pass over the corpus.
    ///
    /// - Parameter workspace: for temporary files
    /// - Throws: `UserError` for mistakes in the references
    func prepare(in workspace: FilterWorkspace) throws
    /// Whether the filter reads all records before it judges the first.
    var needsSurvey: Bool { get }
    /// Reads records of the first pass, those that the filters before have kept, in the order of the corpus.
    ///
    /// - Throws: `UserError` for a record that cannot be read
    func survey(_ records: [CandidateRecord]) throws
    /// Judges records that have passed the filters before, in the order of the corpus; one verdict each.
    ///
    /// - Throws: `UserError` for a record that cannot be read
    func judge(_ records: [CandidateRecord]) throws -> [FilterVerdict]
    /// What a reader of the result should know, such as what was not searched for. Asked for after the last record.
    var notes: [String] { get }
}

extension RecordFilter {
    /// None.
    public var references: [URL] { [] }
    /// Does nothing.
    ///
    /// - Throws: never
    public func prepare(in workspace: FilterWorkspace) throws {}
    /// False.
    public var needsSurvey: Bool { false }
    /// Does nothing.
    ///
    /// - Throws: never
    public func survey(_ records: [CandidateRecord]) throws {}
    /// None.
    public var notes: [String] { [] }
}

/// A filter that judges each record by itself, so that records are judged on all cores.
public protocol RecordRule: RecordFilter {
    /// Judges one record. Called on any thread.
    ///
    /// - Throws: `UserError` for a record that cannot be read
    func verdict(on record: CandidateRecord) throws -> FilterVerdict
}

extension RecordRule {
    /// Judges records on all cores.
    ///
    /// - Throws: as `verdict(on:)`, for the first record that cannot be read
    public func judge(_ records: [CandidateRecord]) throws -> [FilterVerdict] {
        try CandidateRecord.inParallel(records) { record in Result { try verdict(on: record) } }
            .map { try $0.get() }
    }
}
