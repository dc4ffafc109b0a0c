import Support

/// How the distributions of several teachers are combined. The teachers share a vocabulary.
public struct TeacherMixture: Equatable, Sendable {
    /// What is averaged.
    public enum Space: String, CaseIterable, Sendable {
        /// Σ w_i p_i: a token is likely where any teacher finds it likely.
        case probabilities
        /// softmax(Σ w_i z_i): a token is likely where no teacher finds it unlikely.
        case logits
    }

    /// A factor of each teacher's weight at a position.
    public enum Weighting: String, CaseIterable, Sendable {
        /// None: the weights are the same at every position.
        case fixed
        /// ∝ exp(−H(p_i)): a confident teacher counts more.
        case confidence
        /// ∝ p_i of the next token: a teacher that predicts it counts more.
        case accuracy
    }

    /// One positive weight for each teacher.
    public var weights: [Float]
    /// What is averaged.
    public var space: Space
    /// How weights depend on the position.
    public var weighting: Weighting

    /// The accepted weights.
    public static let weightLimits = NumberLimits.weight

    /// - Parameters:
    ///   - weights: one for each teacher, positive
    ///   - space: what is averaged
    ///   - weighting: how weights depend on the position
    public init(weights: [Float], space: Space = .probabilities, weighting: Weighting = .fixed) {
        precondition(
            !weights.isEmpty && weights.allSatisfy { $0 > 0 }, "weights are positive, not \(weights)")
        self.weights = weights
        self.space = space
        self.weighting = weighting
    }

    package static let one = TeacherMixture(weights: [1])
}
