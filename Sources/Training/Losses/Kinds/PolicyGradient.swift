import Foundation
import Tensors

// The two parts of MiniLLM's gradient of the reverse KL over whole answers (arXiv 2306.08543, equations 4 to 8): the single-step
// part at a token's own position, and the reward of the tokens that follow. w is the token's importance weight, see `DrawnToken`.

extension LossKind {
    /// w Σ q ln(q/p), exact over the vocabulary: the single-step part.
    public static let weightedReverseKL = LossKind(
        name: "weighted_reverse_kl",
        summary:
            "w Σ q ln(q/p), w the importance weight of the sampled token: MiniLLM's single-step part.",
        input: .distributions, needsDrawnTokens: true
    ) { row in
        guard let drawn = row.drawn else { return 0 }
        let sum = kernels.reverse_kl(
            row.p, row.q, row.gradient, row.count, row.factor * drawn.weight)
        return drawn.weight * row.divergence(row.q, row.p, plain: sum)
    }

    /// −w min(ρA, clip(ρ, 1−ε, 1+ε) A), ρ = q / q when sampled, A the mean reward of the tokens that follow: the long part, with
    /// PPO's clipping (arXiv 1707.06347), which matters for replayed answers.
    public static let policyGradient = LossKind(
        name: "policy_gradient",
        summary:
            "−w min(ρA, clip(ρ) A) of the sampled token, A the mean of ln p − ln q after it: MiniLLM's long part.",
        input: .drawnToken,
        parameters: [
            Parameter(
                "clip", in: 0...1, standard: 0.2, "ε: the largest distance of ρ from 1 that has a gradient.")
        ], needsDrawnTokens: true
    ) { row in
        guard let drawn = row.drawn else { return 0 }
        let (advantage, clip) = (drawn.advantage, row["clip"])
        let ratio = exp(safeLog(row.q[row.target]) - drawn.logProbability)
        let clipped = min(max(ratio, 1 - clip), 1 + clip)
        guard ratio * advantage <= clipped * advantage else { return -drawn.weight * clipped * advantage }
        // ∂ρ/∂z = ρ (onehot − q).
        let slope = drawn.weight * ratio * advantage
        kernels.add_scaled(row.q, row.factor * slope, row.gradient, row.count)
        row.gradient[row.target] -= row.factor * slope
        return -drawn.weight * ratio * advantage
    }
}
