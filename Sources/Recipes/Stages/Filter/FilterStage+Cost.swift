import Corpora
import Support

extension FilterStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let corpus = estimator.extent(of: corpus, documents: documents)
        let models = modelCost(corpus, estimator)
        var estimate = estimator.scan(filters, of: corpus)
        estimate.seconds += models.seconds
        estimate.memoryBytes += models.memory
        (estimate.diskBytes, estimate.workBytes) = (estimator.bytes(corpus), models.work)
        return estimate
    }

    /// What running models takes: each is loaded once, and the passes of different ones follow each other.
    private func modelCost(
        _ corpus: CorpusExtent, _ estimator: CostEstimator
    ) -> (seconds: Double, memory: Double, work: Double) {
        let running = filters.filter { $0.kind.modelPasses > 0 }
        let references = CostEstimator.distinct(running.flatMap(\.models).map(\.reference))
        let rows = min(corpus.tokens, CostEstimator.passTokens)
        var (operations, work) = (0.0, 0.0)
        // Vocabularies that tokens are counted with; those of models are loaded with them.
        var memory = CostEstimator.distinct(filters.flatMap(\.models).map(\.reference)).filter { reference in
            !references.contains { $0.target == reference.target }
        }.reduce(0) { $0 + CostEstimator.pieceBytes * Double(estimator.vocabularySize(of: $1) ?? 0) }
        for reference in references {
            let shape = estimator.configuration(of: reference)
            memory +=
                estimator.loaded(reference)
                + estimator.passes(shape, rows, of: corpus, context: CorpusEncoder.standardContext)
                + estimator.logits(shape, rows)
        }
        for filter in running {
            let named = filter.models.map(\.reference)
            let compared = estimator.extent(of: filter.references)
            let read = corpus + compared
            for reference in named {
                let shape = estimator.configuration(of: reference)?.cost
                // One model for all passes, or one for each.
                operations +=
                    read.tokens * (shape?.forwardOperations ?? 0) * filter.kind.modelPasses
                    / Double(named.count)
                let values =
                    filter.kind.keepsVectors
                    ? shape.map { Double($0.shape.width) } ?? 0
                    : 2 * filter.kind.modelPasses / Double(named.count)
                work += read.records * (8 + 4 * values)
                if filter.kind.keepsVectors {
                    memory += 4 * values * read.records
                    operations += values * read.records * read.records
                }
            }
        }
        if !references.isEmpty { memory += estimator.computingBytes - CostEstimator.processBytes }
        return (estimator.seconds(operations, rate: CostEstimator.labellingRate), memory, work)
    }
}
