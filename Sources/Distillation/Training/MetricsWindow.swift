/// Averages over the steps between two lines of metrics.
struct MetricsWindow {
    /// The losses' names; a second term of one name is `NAME_2`.
    let names: [String]
    private let terms: [WeightedLoss]
    private var steps = 0
    private var objective = 0.0
    private var means: [Double]
    /// For each term, the steps that had anything for it.
    private var counts: [Int]
    private var latest: Trainer.StepOutcome?

    init(terms: [WeightedLoss], features: [WeightedFeature] = []) {
        var seen: [String: Int] = [:]
        names = (terms.map(\.loss.name) + features.map(\.kind.name)).map { name in
            seen[name, default: 0] += 1
            return seen[name] == 1 ? name : "\(name)_\(seen[name]!)"
        }
        self.terms = terms
        means = Array(repeating: 0, count: names.count)
        counts = Array(repeating: 0, count: names.count)
    }

    mutating func add(_ outcome: Trainer.StepOutcome) {
        steps += 1
        objective += outcome.objective
        for index in means.indices where outcome.applies[index] {
            means[index] += outcome.means[index]
            counts[index] += 1
        }
        latest = outcome
    }

    mutating func take(step: Int, tokens: Int) -> TrainingMetrics {
        let count = Double(max(steps, 1))
        func named(_ values: [Double]) -> [String: Double] {
            Dictionary(uniqueKeysWithValues: zip(names, values))
        }
        func changing(_ ramp: KeyPath<WeightedLoss, Ramp?>, _ value: (WeightedLoss) -> Float) -> [String:
            Double]
        {
            let latest = latest?.terms ?? []
            return Dictionary(
                uniqueKeysWithValues: latest.indices.filter { terms[$0][keyPath: ramp] != nil }
                    .map { (names[$0], Double(value(latest[$0]))) })
        }
        let line = TrainingMetrics(
            step: step, tokens: tokens, loss: objective / count,
            terms: named(zip(means, counts).map { $0 / Double(max($1, 1)) })
                .filter { name, _ in counts[names.firstIndex(of: name)!] > 0 },
            termGradientNorms: named(latest?.gradientNorms ?? []),
            termWeights: changing(\.weightRamp, \.weight),
            termTemperatures: changing(\.temperatureRamp, \.loss.temperature),
            gradientNorm: latest?.gradientNorm ?? 0, learningRate: latest?.learningRate ?? 0)
        (steps, objective, latest) = (0, 0, nil)
        means = Array(repeating: 0, count: means.count)
        counts = Array(repeating: 0, count: counts.count)
        return line
    }
}
