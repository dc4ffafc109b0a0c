/// Averages metrics over the steps between two lines.
struct MetricsWindow {
    /// Sums over the steps so far; saved when a run stops between two lines.
    struct Sums: Codable, Equatable {
        var steps = 0
        var objective = 0.0
        var means: [Double]
        /// For each term, the number of steps that it applied to.
        var counts: [Int]

        init(terms: Int) {
            means = Array(repeating: 0, count: terms)
            counts = Array(repeating: 0, count: terms)
        }
    }

    private let terms: [(name: String, loss: WeightedLoss?)]
    private(set) var sums: Sums
    private var latest: Trainer.StepOutcome?

    /// - Parameters:
    ///   - terms: the names of a step's terms, and the losses whose weight or temperature may change
    ///   - sums: of a run that stopped between two lines
    init(_ terms: [(name: String, loss: WeightedLoss?)], resuming sums: Sums? = nil) {
        self.terms = terms
        let fits = sums.map { $0.means.count == terms.count && $0.counts.count == terms.count } ?? false
        self.sums = fits ? sums! : Sums(terms: terms.count)
    }

    mutating func add(_ outcome: Trainer.StepOutcome) {
        sums.steps += 1
        sums.objective += outcome.objective
        for index in sums.counts.indices where outcome.applies[index] { sums.counts[index] += 1 }
        // A step without targets has no terms.
        for (index, mean) in outcome.means.enumerated() { sums.means[index] += mean }
        latest = outcome
    }

    mutating func take(step: Int, tokens: Int) -> TrainingMetrics {
        let count = Double(max(sums.steps, 1))
        let line = TrainingMetrics(
            step: step, tokens: tokens, loss: sums.objective / count, terms: namedMeans,
            termGradientNorms: named(latest?.gradientNorms ?? []),
            termWeights: changing(\.weightRamp) { $0.weight },
            termTemperatures: changing(\.temperatureRamp) { $0.loss.temperature },
            gradientNorm: latest?.gradientNorm ?? 0, learningRate: latest?.learningRate ?? 0)
        latest = nil
        sums = Sums(terms: terms.count)
        return line
    }

    /// Means of the terms that applied to some step.
    private var namedMeans: [String: Double] {
        let present = terms.indices.filter { sums.counts[$0] > 0 }
        return Dictionary(
            uniqueKeysWithValues: present.map { (terms[$0].name, sums.means[$0] / Double(sums.counts[$0])) })
    }

    private func named(_ values: [Double]) -> [String: Double] {
        Dictionary(uniqueKeysWithValues: zip(terms.map(\.name), values))
    }

    /// A number at the latest step, for the losses in which it follows a ramp.
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
