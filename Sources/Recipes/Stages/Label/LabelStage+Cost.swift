import Foundation
import Signals

extension LabelStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let shape = estimator.configuration(of: model)
        let corpus = estimator.extent(of: corpus, documents: documents)
        let positions = lossOn == .assistant ? corpus.targets : corpus.tokens
        let entries = signal.kind.reservedEntries
        let hidden = Double(hidden.count) * Double(shape?.width ?? 0)
        // Until its shard is written each position has lists of its own, hidden states as Float32, and all of them once more
        // as they are put together.
        let documents = Double(
            self.hidden.isEmpty ? Labeler.shardDocuments : Labeler.shardDocumentsWithHidden)
        let densest = lossOn == .assistant ? corpus.densestTargetFraction : 1
        let pending =
            min(positions, documents * corpus.mean * densest) * (400 + 40 * entries + 8 * hidden)
        // The teacher predicts answers and texts well, the questions of chats less so.
        let kind = signal.kind
        let stored =
            min(positions, corpus.targets) * kind.bytes(entries: kind.entries)
            + max(0, positions - corpus.targets) * kind.bytes(entries: kind.entriesOfQuestions)
        let rows = min(corpus.tokens, CostEstimator.passTokens)
        return CostEstimate(
            seconds: estimator.seconds(
                corpus.tokens * (shape?.cost.forwardOperations ?? 0), rate: CostEstimator.labellingRate),
            memoryBytes: estimator.computingBytes + estimator.loaded(model)
                + estimator.passes(shape, rows, of: corpus, context: contextLength)
                + estimator.logits(shape, rows * densest) + pending,
            diskBytes: 2.2 * corpus.tokens + stored + positions * 2 * hidden)
    }
}

extension SparseKind {
    /// Entries that a position of an answer or a text stores. Of a teacher that is mostly sure the tokens likelier than 1/draws
    /// grow as the cube root of draws; measured with data/teacher on data/world/heldout-text.jsonl: head 8 of 64 draws 3.6,
    /// head 16 of 200 4.9, no head and 50 draws 2.1, 200 draws 3.3.
    fileprivate var entries: Double {
        switch self {
        case .topK(let k): Double(k)
        case .sampled(let head, let draws): (head > 0 ? 0.9 : 0.58) * cbrt(Double(draws))
        }
    }

    /// Entries of a position that the teacher is less sure of, measured likewise: 50 draws 10, 200 draws 27.
    fileprivate var entriesOfQuestions: Double {
        switch self {
        case .topK(let k): Double(k)
        case .sampled(_, let draws): 0.6 * pow(Double(draws), 0.72)
        }
    }

    /// Bytes of a position: for each of the k likeliest tokens its id and its probability; of samples an id and a count, and
    /// the head's probabilities.
    fileprivate func bytes(entries: Double) -> Double {
        switch self {
        case .topK: 4 * entries + 2
        case .sampled(let head, _): 3 * entries + (head > 0 ? 9 : 6)
        }
    }

    /// Entries that lists in memory have room for while a shard is pending.
    fileprivate var reservedEntries: Double {
        switch self {
        case .topK(let k): Double(k)
        case .sampled(let head, let draws): Double(head) / 2 + Double(draws) / 16
        }
    }
}
