import DatasetDistillation

extension DistillDatasetStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let shape = estimator.configuration(of: model)
        let corpus = estimator.extent(of: corpus)
        let tokens = fraction * corpus.tokens
        let passes = 1 + 3 * Double(steps) * fraction
        // Positions that are learned at once, of which matrices over the vocabulary are held: their labels with gradient and
        // moments, and the distributions that are compared. Four at a time, as measured.
        let vocabulary = Double(shape?.vocabularySize ?? 0)
        let together = min(tokens, max(16, min(2048, Double(1 << 25) / max(vocabulary, 1))))
        let matrices = 4 * vocabulary * together * 4
        let width = Double(shape?.width ?? 0)
        let rows = min(corpus.tokens, CostEstimator.passTokens)
        let targets = fraction * (lossOn == .assistant ? corpus.targets : corpus.tokens)
        // An id and a probability each, and the tail.
        let labelBytes = 8 * min(Double(DatasetDistiller.labelEntries), vocabulary) + 4
        return CostEstimate(
            seconds: estimator.seconds(
                corpus.tokens * passes * (shape?.cost.forwardOperations ?? 0),
                rate: CostEstimator.trainingRate),
            memoryBytes: estimator.computingBytes + estimator.weights(shape) + matrices
                + (shape?.cost.training(together, targets: together) ?? 0)
                // The model runs over the corpus first.
                + estimator.pass(shape, rows) + estimator.logits(shape, rows)
                // The statistic that is wanted, the one there is, and their difference.
                + 12 * vocabulary * width,
            diskBytes: tokens * 4 * width + targets * labelBytes + fraction * estimator.bytes(corpus))
    }

    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? {
        estimator.extent(of: corpus).scaled(by: fraction)
    }
}
