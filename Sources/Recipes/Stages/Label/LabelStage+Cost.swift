import Signals

extension LabelStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let shape = estimator.configuration(of: model)
        let corpus = estimator.extent(of: corpus, documents: documents)
        let positions = lossOn == .assistant ? corpus.targets : corpus.tokens
        let entries = signal.kind.expectedEntries
        let hidden = Double(hidden.count) * Double(shape?.width ?? 0)
        // Until its shard is written each position has lists of its own, hidden states as Float32, and all of them once more
        // as they are put together.
        let documents = Double(
            self.hidden.isEmpty ? LabelingJob.shardDocuments : LabelingJob.shardDocumentsWithHidden)
        let densest = lossOn == .assistant ? corpus.densestTargetFraction : 1
        let pending =
            min(positions, documents * corpus.mean * densest) * (400 + 40 * entries + 8 * hidden)
        let rows = min(corpus.tokens, CostEstimator.passTokens)
        return CostEstimate(
            seconds: estimator.seconds(
                corpus.tokens * (shape?.cost.forwardOperations ?? 0), rate: CostEstimator.labellingRate),
            memoryBytes: estimator.computingBytes + estimator.loaded(model)
                + estimator.passes(shape, rows, of: corpus, context: contextLength)
                + estimator.logits(shape, rows * densest) + pending,
            diskBytes: 2.2 * corpus.tokens + positions * (signal.kind.expectedBytes + 2 * hidden))
    }
}

extension SparseKind {
    /// Entries that a position stores.
    fileprivate var expectedEntries: Double {
        switch self {
        case .topK(let k): Double(k)
        // Teachers are mostly sure: half of a head, and few draws, which repeat.
        case .sampled(let head, let draws): Double(head) / 2 + Double(draws) / 16
        }
    }

    /// Bytes that a position stores.
    fileprivate var expectedBytes: Double {
        switch self {
        case .topK(let k): Double(4 * k + 2)
        case .sampled: 3 * expectedEntries + 9
        }
    }
}
