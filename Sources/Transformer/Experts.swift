import Support

/// Feed-forwards side by side, of which a router chooses some for each token (Shazeer et al. 2017, arXiv 1701.06538).
public struct Experts: Encodable, Equatable, Sendable {
    /// Experts of a layer, E.
    public var count: Int
    /// Experts that each token passes through.
    public var perToken: Int
    /// Whether the chosen experts' probabilities are divided by their sum.
    public var normalizesWeights: Bool

    /// Experts of every layer.
    public init(count: Int, perToken: Int, normalizesWeights: Bool = true) {
        self.count = count
        self.perToken = perToken
        self.normalizesWeights = normalizesWeights
    }

    /// What is wrong with the numbers; empty when they are valid. The largest models have some hundreds of experts.
    var problems: [String] {
        guard (1...4096).contains(count) else { return ["\(count) experts are not between 1 and 4096"] }
        return (1...count).contains(perToken) ? [] : ["\(perToken) of \(count) experts for each token"]
    }
}

extension Configuration {
    /// Why models of this shape cannot be trained; nil where they can.
    public var trainingProblem: String? {
        experts == nil
            ? nil : "a mixture of experts is a frozen teacher: it has no backward pass through its router"
    }

    /// Refuses a shape that cannot be trained.
    /// - Throws: `UserError` with the reason
    public func requireTraining() throws {
        guard let problem = trainingProblem else { return }
        throw UserError(problem, hint: trainingHint, status: .configuration)
    }

    /// What to train instead.
    public var trainingHint: String {
        "train a student without experts on text that it generates, or on its distributions"
    }

    /// Multiplications of one token in a layer's feed-forward.
    var feedForwardMultiplications: Double {
        let one = Double(family.feedForward.matrices) * Double(width) * Double(feedForward)
        guard let experts else { return one }
        return Double(experts.perToken) * one + Double(experts.count) * Double(width)
    }
}
