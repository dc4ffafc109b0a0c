/// What a corpus amounts to.
public struct CorpusSummary: Codable, Equatable, Sendable {
    public var records = 0
    /// Documents made from the records: long texts give several.
    public var documents = 0
    public var tokens = 0
    /// Tokens that are targets of the loss.
    public var keptTokens = 0
    /// Texts longer than the context, split.
    public var splitRecords = 0
    /// Chats longer than the context, cut off.
    public var truncatedRecords = 0
    /// Records without any target, left out.
    public var droppedRecords = 0

    public init() {}

    static func += (sum: inout CorpusSummary, part: CorpusSummary) {
        sum.records += part.records
        sum.documents += part.documents
        sum.tokens += part.tokens
        sum.keptTokens += part.keptTokens
        sum.splitRecords += part.splitRecords
        sum.truncatedRecords += part.truncatedRecords
        sum.droppedRecords += part.droppedRecords
    }
}

extension CorpusSummary: CustomStringConvertible {
    public var description: String {
        let notes = [
            (splitRecords, "split"), (truncatedRecords, "truncated"),
            (droppedRecords, "without targets left out"),
        ].filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
        return "\(records) records, \(tokens) tokens, \(keptTokens) of them targets\(notes)"
    }
}
