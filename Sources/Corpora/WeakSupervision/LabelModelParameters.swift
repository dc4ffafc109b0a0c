import Foundation

/// The parameters of a `LabelModel`: the class balance and, for each function, outcome and label, the probability of the outcome.
struct LabelModelParameters {
    /// How a function's outcomes depend on the label.
    enum Kind: Equatable {
        /// It never votes: nothing is learned.
        case silent
        /// It votes for this label or abstains: both are outcomes.
        case oneLabel(Int)
        /// It votes for several labels: its votes are outcomes, an abstention is none.
        case severalLabels
    }

    let labels: Int
    let kinds: [Kind]
    /// p(y).
    var balance: [Double]
    /// θ at `(function × (labels + 1) + outcome) × labels + y`; outcome 0 is an abstention.
    var table: [Double]

    /// The parameters that an iteration begins with: every vote is right with `LabelModel.priorAccuracy`.
    init(of matrix: LabelMatrix, labels: Int, classBalance: [Double]?) {
        self.labels = labels
        balance = classBalance ?? [Double](repeating: 1 / Double(labels), count: labels)
        let votes = matrix.votes(labels: labels)
        kinds = votes.map { votes in
            let voted = votes.indices.filter { votes[$0] > 0 }
            return voted.isEmpty ? .silent : voted.count == 1 ? .oneLabel(voted[0]) : .severalLabels
        }
        table = [Double](repeating: 1, count: matrix.functionCount * (labels + 1) * labels)
        for (function, kind) in kinds.enumerated() {
            switch kind {
            case .silent: break
            case .severalLabels: setSeveralLabels(function)
            case .oneLabel(let label):
                let coverage = Double(votes[function][label]) / Double(max(matrix.recordCount, 1))
                setOneLabel(function, label, coverage: coverage)
            }
        }
    }

    func index(_ function: Int, _ outcome: Int, _ label: Int) -> Int {
        (function * (labels + 1) + outcome) * labels + label
    }

    private mutating func setSeveralLabels(_ function: Int) {
        let accuracy = LabelModel.priorAccuracy
        for label in 0..<labels {
            for vote in 0..<labels {
                table[index(function, vote + 1, label)] =
                    vote == label ? accuracy : (1 - accuracy) / Double(labels - 1)
            }
        }
    }

    /// The function votes more often where its label is right, by the ratio of right to wrong votes of `LabelModel.priorAccuracy`.
    private mutating func setOneLabel(_ function: Int, _ label: Int, coverage: Double) {
        // A probability of 1 or 0 would never change.
        let highest = 0.99
        let ratio = LabelModel.priorAccuracy / ((1 - LabelModel.priorAccuracy) / Double(labels - 1))
        let own = balance[label]
        let right = min(highest, ratio * coverage / (own * ratio + 1 - own))
        let wrong = min(highest, max(0, (coverage - own * right) / (1 - own)))
        for other in 0..<labels {
            let vote = other == label ? right : wrong
            table[index(function, label + 1, other)] = vote
            table[index(function, 0, other)] = 1 - vote
        }
    }

    /// Calls `body` with each distinct row of a matrix and the probabilities of the labels there, P(y | λ) ∝ p(y) ∏ᵢ θᵢ(λᵢ | y).
    func forEachRow(of matrix: LabelMatrix, _ body: (_ row: Int, _ probabilities: [Double]) -> Void) {
        let logarithms = table.map(log)
        let start = balance.map(log)
        var values = start
        for row in matrix.counts.indices {
            for label in 0..<labels { values[label] = start[label] }
            for (function, outcome) in matrix.outcomes(ofRow: row).enumerated() {
                let base = index(function, Int(outcome), 0)
                for label in 0..<labels { values[label] += logarithms[base + label] }
            }
            let most = values.max() ?? 0
            var sum = 0.0
            for label in 0..<labels {
                values[label] = exp(values[label] - most)
                sum += values[label]
            }
            for label in 0..<labels { values[label] /= sum }
            body(row, values)
        }
    }

    /// The largest difference of a parameter.
    func distance(to other: LabelModelParameters) -> Double {
        let differences = zip(table, other.table).lazy.map { abs($0 - $1) }
        return max(differences.max() ?? 0, zip(balance, other.balance).map { abs($0 - $1) }.max() ?? 0)
    }
}

/// How often each outcome is expected with each label: the counts that parameters are made of.
struct ExpectedVotes {
    /// As `LabelModelParameters.table`.
    private var table: [Double]
    /// Records of each label.
    private var records: [Double]

    /// The counts of a Dirichlet prior whose mode is `prior`.
    ///
    /// - Parameter records: that the prior counts for, for each function and label
    init(prior: LabelModelParameters, records: Double) {
        table = prior.table.map { $0 * records }
        self.records = prior.balance.map { $0 * records }
    }

    /// Adds the records of a row.
    mutating func add(_ matrix: LabelMatrix, row: Int, _ probabilities: [Double]) {
        let (labels, count) = (probabilities.count, Double(matrix.counts[row]))
        for label in 0..<labels { records[label] += count * probabilities[label] }
        for (function, outcome) in matrix.outcomes(ofRow: row).enumerated() {
            let base = (function * (labels + 1) + Int(outcome)) * labels
            for label in 0..<labels { table[base + label] += count * probabilities[label] }
        }
    }

    /// The most probable parameters given these counts.
    ///
    /// - Parameters:
    ///   - balance: the class balance where it is given
    ///   - shape: kinds of functions
    func parameters(balance: [Double]?, as shape: LabelModelParameters) -> LabelModelParameters {
        var result = shape
        let total = records.reduce(0, +)
        result.balance = balance ?? records.map { $0 / total }
        for (function, kind) in shape.kinds.enumerated() {
            switch kind {
            case .silent: continue
            case .oneLabel(let label): setOneLabel(function, label, in: &result)
            case .severalLabels:
                for label in 0..<shape.labels {
                    let votes = (1...shape.labels).map { shape.index(function, $0, label) }
                    let sum = votes.reduce(0) { $0 + table[$1] }
                    for index in votes { result.table[index] = table[index] / sum }
                }
            }
        }
        return result
    }

    /// The rates at which a function votes for its one label, under the constraint that none is above that of the label itself: rates that
    /// are would make a vote evidence against the label. They are pooled with it, as in isotonic regression.
    private func setOneLabel(_ function: Int, _ label: Int, in result: inout LabelModelParameters) {
        func votes(_ other: Int) -> Double { table[result.index(function, label + 1, other)] }
        func all(_ other: Int) -> Double { votes(other) + table[result.index(function, 0, other)] }
        var rates = (0..<result.labels).map { votes($0) / all($0) }
        var (pool, pooledVotes, pooledAll) = ([label], votes(label), all(label))
        while let next = rates.indices.filter({ !pool.contains($0) }).max(by: { rates[$0] < rates[$1] }),
            rates[next] > pooledVotes / pooledAll
        {
            pool.append(next)
            pooledVotes += votes(next)
            pooledAll += all(next)
        }
        for other in pool { rates[other] = pooledVotes / pooledAll }
        for (other, rate) in rates.enumerated() {
            result.table[result.index(function, label + 1, other)] = rate
            result.table[result.index(function, 0, other)] = 1 - rate
        }
    }
}
