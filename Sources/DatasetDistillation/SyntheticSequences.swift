import Signals
import Tensors
import Transformer

// N positions of all sequences together, C width of the model they were made for.

/// Synthetic training sequences made by `DatasetDistiller`: input embeddings in place of tokens, with soft labels.
public struct SyntheticSequences: Sendable {
    /// Bounds of the sequences, from 0 to N.
    public let segments: [Int]
    /// At each position the token with the nearest embedding.
    public let ids: [Int32]
    /// For each position, whether its token is a target; the first of a sequence never is.
    public let lossMask: [Bool]
    /// Input embeddings, [N, C].
    public let embeddings: Tensor
    /// Soft labels: distributions at the positions before targets.
    public let labels: SparseSignal

    init(
        segments: [Int], ids: [Int32], lossMask: [Bool], embeddings: Tensor, labels: SparseSignal
    ) {
        (self.segments, self.ids, self.lossMask) = (segments, ids, lossMask)
        (self.embeddings, self.labels) = (embeddings, labels)
    }

    /// Number of sequences.
    public var count: Int { segments.count - 1 }
    /// Number of tokens of each sequence.
    public var lengths: [UInt32] { zip(segments, segments.dropFirst()).map { UInt32($1 - $0) } }

    /// Some of the sequences as one batch.
    func batch(_ indices: [Int]) -> TrainingBatch {
        let rows = indices.flatMap { Array(segments[$0]..<segments[$0 + 1]) }
        let bounds = indices.reduce(into: [0]) { $0.append($0.last! + segments[$1 + 1] - segments[$1]) }
        // Labels are in the order of targets.
        let labelIndices = lossMask.reduce(into: [0]) { $0.append($0.last! + ($1 ? 1 : 0)) }
        var signal = SparseSignal(kind: labels.kind, temperature: labels.temperature)
        for row in rows where lossMask[row] {
            let position = labelIndices[row]
            let entries = labels.offsets[position]..<labels.offsets[position + 1]
            signal.ids += labels.ids[entries]
            signal.weights += labels.weights[entries]
            signal.tails.append(labels.tails[position])
            signal.offsets.append(signal.ids.count)
        }
        return TrainingBatch(
            tokens: TokenBatch(
                ids: rows.map { ids[$0] }, segments: bounds,
                embeddings: withoutGradients { gatherRows(embeddings, at: rows) }),
            lossMask: rows.map { lossMask[$0] }, signal: signal)
    }
}
