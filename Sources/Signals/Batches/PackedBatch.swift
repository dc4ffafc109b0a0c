import Corpora
import Transformer

/// Documents concatenated for one pass of a model.
public struct PackedBatch: Sendable {
    /// The student's tokens, one sequence per document.
    public let tokens: TokenBatch
    /// For each token, whether it is a target.
    public let lossMask: [Bool]
    /// The same documents as the teacher reads them; nil where both read the same.
    public let teacher: (tokens: TokenBatch, lossMask: [Bool])?

    /// - Parameter documents: in the order of the sequences
    public init(_ documents: [EncodedDocument]) {
        tokens = TokenBatch(sequences: documents.map(\.ids))
        lossMask = documents.flatMap(\.lossMask)
        let views = documents.map(\.teacherView)
        teacher =
            documents.contains { $0.teacher != nil }
            ? (TokenBatch(sequences: views.map(\.ids)), views.flatMap(\.lossMask)) : nil
    }
}
