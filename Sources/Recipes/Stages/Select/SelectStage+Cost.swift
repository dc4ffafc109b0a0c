import Corpora
import Selection

extension SelectStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let models = [model, smallModel, student].compactMap { $0 }
        let shapes = models.compactMap(estimator.configuration)
        let corpus = estimator.extent(of: corpus)
        // Documents are run one by one: their lengths leave buffers of the eight sizes of an octave.
        let rows = 8 * corpus.mean
        let running: Double
        if method == .gradient, let shape = shapes.first {
            // Gradients and their mean squares, and for each weight its place in a sketch, of two bytes.
            running =
                2.5 * estimator.weights(shape) + shape.cost.training(rows, targets: rows)
                + estimator.logits(shape, corpus.longest)
        } else {
            running = shapes.reduce(0) {
                $0 + $1.cost.pass(rows, longest: rows) + estimator.logits($1, corpus.longest)
            }
        }
        let operations = shapes.reduce(0) { $0 + corpus.tokens * $1.cost.forwardOperations }
        return CostEstimate(
            seconds: estimator.seconds(operations, rate: CostEstimator.labellingRate),
            memoryBytes: (models.isEmpty ? CostEstimator.processBytes : estimator.computingBytes)
                + models.reduce(0) { $0 + estimator.loaded($1) } + running,
            diskBytes: fraction * estimator.bytes(corpus))
    }

    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? {
        estimator.extent(of: corpus).scaled(by: fraction)
    }
}
