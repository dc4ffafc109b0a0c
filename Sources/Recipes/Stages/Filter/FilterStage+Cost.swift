import Corpora
import Support

extension FilterStage {
    /// Seconds for each byte of text and filter: parsing, words and hashes, on one core.
    static let secondsPerByte = 50e-9
    /// Memory of slices of records on all cores, their texts and words.
    static let sliceBytes = 40e6

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let corpus = estimator.extent(of: corpus, documents: documents)
        let compared = estimator.extent(of: filters.flatMap(\.references))
        let perRecord = filters.reduce(0) { $0 + $1.kind.bytesPerRecord }
        let text = (corpus.tokens + compared.tokens) * CorpusExtent.bytesPerToken
        let models = modelCost(corpus, estimator)
        return CostEstimate(
            seconds: Double(filters.count + 1) * text * Self.secondsPerByte + models.seconds,
            memoryBytes: CostEstimator.processBytes + Self.sliceBytes + models.memory
                + perRecord * (corpus.records + compared.records),
            diskBytes: estimator.bytes(corpus), workBytes: models.work)
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
