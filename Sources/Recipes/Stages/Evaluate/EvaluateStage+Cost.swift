import Corpora
import Foundation

extension EvaluateStage {
    /// Tokens of an answer to a question.
    private static let answerTokens = 16.0

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        var shape = estimator.configuration(of: models[0].reference)
        if let exit = models[0].exit { shape?.layers = exit }
        let teacher = self.teacher.flatMap(estimator.configuration)
        // Half-overlapping windows read a long text twice.
        let length = Double(windowLength)
        func read(_ corpus: CorpusExtent) -> Double {
            corpus.tokens * (corpus.mean > length ? length / Double(windowStride) : 1)
        }
        let text = estimator.extent(of: perplexity, limit: limit, documents: documents)
        let compared = estimator.extent(of: agreement, limit: limit, documents: documents)
        let questions = tasks.map { estimator.extent(of: [$0.value.questions], limit: limit) }
        let answers = questions.reduce(0) { $0 + $1.records * Self.answerTokens }
        let forward = shape?.cost.forwardOperations ?? 0
        let isCompared = !agreement.isEmpty && self.teacher != nil
        let longer = read(text) > read(compared) ? text : compared
        let rows = min(read(longer), max(CostEstimator.passTokens, length))
        let positions = rows * longer.densestTargetFraction
        var running =
            estimator.passes(shape, rows, of: longer, context: windowLength)
            + estimator.logits(shape, positions)
        if isCompared {
            // Buffers of models of one shape are the same.
            if let teacher, shape.map(teacher.hasSameSizes) != true {
                running += estimator.passes(teacher, rows, of: longer, context: windowLength)
            }
            running += estimator.logits(teacher, positions)
        }
        // Buffers of a pass over windows are of other sizes than those of answering.
        running +=
            questions.map {
                estimator.generation(shape, $0, sequences: $0.records, answer: Self.answerTokens)
            }.max() ?? 0
        let scoring =
            read(text) * forward + read(compared) * (forward + (teacher?.cost.forwardOperations ?? 0))
        return CostEstimate(
            seconds: estimator.seconds(scoring, rate: CostEstimator.labellingRate)
                + estimator.seconds(answers * forward, rate: CostEstimator.generatingRate)
                + (measuresSpeed ? 2 : 0),
            memoryBytes: estimator.computingBytes + estimator.loaded(models[0].reference)
                + (isCompared ? self.teacher.map(estimator.loaded) ?? 0 : 0) + running,
            diskBytes: 1800)
    }
}
