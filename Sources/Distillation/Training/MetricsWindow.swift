/// Averages over the steps between two lines of metrics.
struct MetricsWindow {
    private let terms: [(name: String, loss: WeightedLoss?)]
    private var steps = 0
    private var objective = 0.0
    private var means: [Double]
    /// For each term, the steps that had anything for it.
    private var counts: [Int]
    private var latest: Trainer.StepOutcome?

    /// - Parameter terms: the names of a step's terms, and the losses whose weight or temperature may change
    init(_ terms: [(name: String, loss: WeightedLoss?)]) {
        self.terms = terms
        means = Array(repeating: 0, count: terms.count)
        counts = Array(repeating: 0, count: terms.count)
    }

    mutating func add(_ outcome: Trainer.StepOutcome) {
        steps += 1
        objective += outcome.objective
        for index in counts.indices where outcome.applies[index] { counts[index] += 1 }
        // A step without targets has no terms.
        for (index, mean) in outcome.means.enumerated() { means[index] += mean }
        latest = outcome
    }

    mutating func take(step: Int, tokens: Int) -> TrainingMetrics {
        let count = Double(max(steps, 1))
        let line = TrainingMetrics(
            step: step, tokens: tokens, loss: objective / count, terms: namedMeans,
            termGradientNorms: named(latest?.gradientNorms ?? []),
            termWeights: changing(\.weightRamp) { $0.weight },
            termTemperatures: changing(\.temperatureRamp) { $0.loss.temperature },
            gradientNorm: latest?.gradientNorm ?? 0, learningRate: latest?.learningRate ?? 0)
        (steps, objective, latest) = (0, 0, nil)
        means = Array(repeating: 0, count: means.count)
        counts = Array(repeating: 0, count: counts.count)
        return line
    }

    /// Of the terms that some step had anything for.
    private var namedMeans: [String: Double] {
        let present = terms.indices.filter { counts[$0] > 0 }
        return Dictionary(
            uniqueKeysWithValues: present.map { (terms[$0].name, means[$0] / Double(counts[$0])) })
    }

    private func named(_ values: [Double]) -> [String: Double] {
        Dictionary(uniqueKeysWithValues: zip(terms.map(\.name), values))
    }

    /// A number of the latest step, for the losses in which it follows a ramp.
    private func changing(
        _ ramp: (WeightedLoss) -> Ramp?, _ value: (WeightedLoss) -> Float
    ) -> [String: Double] {
        let pairs = zip(terms, latest?.terms ?? []).compactMap { term, now -> (String, Double)? in
            guard let loss = term.loss, let now, ramp(loss) != nil else { return nil }
            return (term.name, Double(value(now)))
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}
