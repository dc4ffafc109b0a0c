/// Counts of a corpus that was encoded: records, documents, tokens, and what was split, truncated or dropped.
public struct CorpusSummary: Codable, Equatable, Sendable {
    /// Records read.
    public var records = 0
    /// Documents made from the records: a long text gives several.
    public var documents = 0
    /// Tokens of all documents, as the student reads them.
    public var tokens = 0
    /// Tokens that are targets of the loss.
    public var targetTokens = 0
    /// Texts that were split because they are longer than the context.
    public var splitRecords = 0
    /// Chats that were truncated because they are longer than the context.
    public var truncatedRecords = 0
    /// Records that were dropped because they have no target.
    public var droppedRecords = 0

    /// Counts of no record.
    public init() {}

    static func += (sum: inout CorpusSummary, part: CorpusSummary) {
        sum.records += part.records
        sum.documents += part.documents
        sum.tokens += part.tokens
        sum.targetTokens += part.targetTokens
        sum.splitRecords += part.splitRecords
        sum.truncatedRecords += part.truncatedRecords
        sum.droppedRecords += part.droppedRecords
    }
}

extension CorpusSummary: CustomStringConvertible {
    /// A one-line summary.
    public var description: String {
        let notes = [
            (splitRecords, "split"), (truncatedRecords, "truncated"),
            (droppedRecords, "without targets left out"),
        ].filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
        return "\(records) records, \(tokens) tokens, \(targetTokens) of them targets\(notes)"
    }
}
