import Foundation

/// Combines the votes of labelling functions into one label, by accuracies that are learned from how they agree.
///
/// Nobody knows the true label Y of a record. Given Y, the functions' votes λ₁ … λₘ are taken to be independent, which makes this
/// a latent class model (Dawid & Skene 1979; data programming, Ratner et al. 2016, arXiv 1605.07723):
///
///     P(λ, Y = y) = p(y) ∏ᵢ θᵢ(λᵢ | y)
///
/// Its parameters are those that maximize the posterior of the votes, found by expectation maximization. Of a function that votes for
/// several labels, an abstention carries no information on the label: θᵢ(λᵢ | y) is the probability of its vote among votes. A function that votes for one
/// label only has no other vote to be compared with: θᵢ is then the probability that it votes, or does not, and it never votes more often where its
/// label is wrong.
///
/// Snorkel (Ratner et al. 2019, arXiv 1810.02840) estimates the same model from the second moments of votes and of abstentions. Maximum
/// likelihood uses all moments; and where some functions look at one kind of record and others at another kind, agreement in
/// abstaining is not taken for agreement on the label.
///
///     let model = LabelModel(fitting: matrix, labels: 2)
///     model.accuracies                      // [0.91, 0.78, 0.83]
///     model.probabilities(ofRow: 0)         // [0.97, 0.03]
///
/// The model assumes that votes are better than chance, which tells a label from its opposite, and that functions make their mistakes
/// independently: two that look for the same thing are believed twice.
public struct LabelModel: Sendable {
    /// The probability of each label, p(y).
    public let classBalance: [Double]
    /// For each function the probability that its vote is right, P(λᵢ = Y | λᵢ ≠ ∅); nil for one that never votes.
    public let accuracies: [Double?]
    /// Iterations until the parameters changed by less than `tolerance`, or `mostIterations`.
    public let iterations: Int
    /// Whether the parameters have settled.
    public let isConverged: Bool
    /// For each distinct row of the matrix the probabilities of the labels.
    private let posteriors: [Double]

    /// Accuracy of votes before anything is known of a function: the same as Snorkel's.
    public static let priorAccuracy = 0.7
    /// Records that the prior of a parameter counts for: it decides only where a function hardly votes, and keeps
    /// probabilities above 0.
    static let priorRecords = 1.0
    /// The largest change of a parameter at which the iteration ends: accuracies are shown with 3 digits.
    static let tolerance = 1e-6
    /// A bound on time only: planted functions took 80 to 450 iterations.
    static let mostIterations = 5000

    /// Fits the model to votes.
    ///
    /// - Parameters:
    ///   - matrix: the votes
    ///   - labels: number of labels, at least 2
    ///   - balance: the probability of each label, positive, with sum 1; nil to estimate it
    /// - Complexity: O(distinct rows × functions × labels) for an iteration
    public init(fitting matrix: LabelMatrix, labels: Int, classBalance balance: [Double]? = nil) {
        precondition((2...LabelMatrix.mostLabels).contains(labels), "\(labels) labels")
        precondition(
            balance.map { $0.count == labels && $0.allSatisfy { $0 > 0 } } ?? true,
            "a class balance has a positive probability for each label")
        var parameters = LabelModelParameters(of: matrix, labels: labels, classBalance: balance)
        let prior = parameters
        var (iterations, change) = (0, Double.infinity)
        while iterations < Self.mostIterations, change >= Self.tolerance {
            var expected = ExpectedVotes(prior: prior, records: Self.priorRecords)
            parameters.forEachRow(of: matrix) { row, probabilities in
                expected.add(matrix, row: row, probabilities)
            }
            let next = expected.parameters(balance: balance, as: prior)
            change = next.distance(to: parameters)
            parameters = next
            iterations += 1
        }
        (self.iterations, isConverged) = (iterations, change < Self.tolerance)
        classBalance = parameters.balance
        var posteriors: [Double] = []
        posteriors.reserveCapacity(matrix.counts.count * labels)
        parameters.forEachRow(of: matrix) { posteriors += $1 }
        self.posteriors = posteriors
        accuracies = Self.accuracies(matrix, posteriors, labels)
    }

    /// The probabilities of the labels for a distinct row of the matrix that was fitted.
    func probabilities(ofRow row: Int) -> ArraySlice<Double> {
        let labels = classBalance.count
        return posteriors[row * labels..<(row + 1) * labels]
    }

    /// The probabilities of the labels of a record.
    ///
    /// - Parameters:
    ///   - record: its number, from 0
    ///   - matrix: the votes that were fitted
    public func probabilities(of record: Int, in matrix: LabelMatrix) -> [Double] {
        Array(probabilities(ofRow: Int(matrix.rows[record])))
    }

    /// The mean probability of what a function votes for.
    private static func accuracies(
        _ matrix: LabelMatrix, _ posteriors: [Double], _ labels: Int
    ) -> [Double?] {
        (0..<matrix.functionCount).map { function in
            var (right, votes) = (0.0, 0)
            for (row, count) in matrix.counts.enumerated() {
                guard let label = matrix.vote(of: function, inRow: row) else { continue }
                right += Double(count) * posteriors[row * labels + label]
                votes += count
            }
            return votes > 0 ? right / Double(votes) : nil
        }
    }
}
