import Support

/// How several teachers speak as one. They share a vocabulary.
public struct TeacherMixture: Equatable, Sendable {
    public enum Space: String, CaseIterable, Sendable {
        /// Σ w_i p_i: likely is what any of them holds likely.
        case probabilities
        /// softmax(Σ w_i z_i): likely is what none of them holds unlikely.
        case logits
    }

    /// What a teacher's word weighs at a position, besides its weight.
    public enum Weighting: String, CaseIterable, Sendable {
        case fixed
        /// ∝ exp(−H(p_i)): who is sure counts more.
        case confidence
        /// ∝ p_i of the token that follows: who is right counts more.
        case accuracy
    }

    /// One for each teacher.
    public var weights: [Float]
    public var space: Space
    public var weighting: Weighting

    public static let weightLimits = NumberLimits.weight

    public init(weights: [Float], space: Space = .probabilities, weighting: Weighting = .fixed) {
        precondition(
            !weights.isEmpty && weights.allSatisfy { $0 > 0 }, "teachers weigh something: \(weights)")
        self.weights = weights
        self.space = space
        self.weighting = weighting
    }

    package static let one = TeacherMixture(weights: [1])
}
