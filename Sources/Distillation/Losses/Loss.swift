/// One term of a distillation objective. Every divergence is 0 when student and teacher agree.
public enum Loss: Codable, Equatable, Sendable {
    /// −ln q[target].
    case crossEntropy
    /// Σ p ln(p/q) (Hinton et al. 2015, arXiv 1503.02531).
    case forwardKL(temperature: Float)
    /// Σ q ln(q/p) (MiniLLM, arXiv 2306.08543).
    case reverseKL(temperature: Float)
    /// β KL(p‖m) + (1−β) KL(q‖m) with m = βp + (1−β)q (GKD, arXiv 2306.13649), 0 < β < 1.
    case jensenShannon(beta: Float, temperature: Float)

    /// What the softmax of student and teacher divides logits by.
    public var temperature: Float {
        switch self {
        case .crossEntropy: 1
        case .forwardKL(let temperature), .reverseKL(let temperature), .jensenShannon(_, let temperature):
            temperature
        }
    }

    public var needsTeacher: Bool { self != .crossEntropy }

    /// The name recipes and logs use.
    public var name: String {
        switch self {
        case .crossEntropy: "cross_entropy"
        case .forwardKL: "forward_kl"
        case .reverseKL: "reverse_kl"
        case .jensenShannon: "jsd"
        }
    }
}

/// A loss and its share of the objective.
///
/// Divergences count T² times, so that their gradients keep their size against the cross-entropy's when the
/// temperature T changes (Hinton et al. 2015).
public struct WeightedLoss: Codable, Equatable, Sendable {
    public var loss: Loss
    public var weight: Float

    public init(_ loss: Loss, weight: Float = 1) {
        self.loss = loss
        self.weight = weight
    }

    /// Factor of the loss in the objective.
    var factor: Float { weight * loss.temperature * loss.temperature }
    /// Factor of ∂L/∂(z/T) in the gradient with respect to the logits z.
    var gradientFactor: Float { weight * loss.temperature }
}
