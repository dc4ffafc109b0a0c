import Tensors

// Skewed divergences (DistiLLM, arXiv 2402.03898): the second distribution is mixed with a fraction α of the first, so that no
// ratio exceeds 1/α and gradients stay small where the models disagree.

extension LossKind {
    private static let skew = Parameter(
        "alpha", in: 0...1, standard: 0.1, "The fraction mixed in; 0 is the plain KL.")

    /// KL(p ‖ αp + (1−α)q).
    public static let skewForwardKL = LossKind(
        name: "skew_forward_kl", summary: "KL(p ‖ αp + (1−α)q).", parameters: [skew]
    ) { row in
        let alpha = row["alpha"]
        let (logP, logM, slopes) = (row.scratch[0], row.scratch[1], row.scratch[2])
        kernels.logarithm(row.p, logP, row.count)
        row.mix(alpha, row.p, row.q, into: logM)
        // ∂L/∂ln q = −(1−α) p q / m.
        for i in 0..<row.count { slopes[i] = (alpha - 1) * row.p[i] * row.q[i] / logM[i] }
        let nearby = row.isPlain ? 0 : kernels.nearby_kl(row.p, logM, row.count)
        kernels.logarithm(logM, logM, row.count)
        row.add(slopes: slopes)
        return row.isPlain
            ? dotProduct(row.p, logP, count: row.count) - dotProduct(row.p, logM, count: row.count) : nearby
    }

    /// KL(q ‖ αq + (1−α)p).
    public static let skewReverseKL = LossKind(
        name: "skew_reverse_kl", summary: "KL(q ‖ αq + (1−α)p).", parameters: [skew]
    ) { row in
        let alpha = row["alpha"]
        let (ratio, m, slopes) = (row.scratch[0], row.scratch[1], row.scratch[2])
        row.mix(alpha, row.q, row.p, into: m)
        for i in 0..<row.count { slopes[i] = 1 - alpha * row.q[i] / m[i] }
        let nearby = row.isPlain ? 0 : kernels.nearby_kl(row.q, m, row.count)
        kernels.logarithm(m, m, row.count)
        kernels.logarithm(row.q, ratio, row.count)
        kernels.add_scaled(m, -1, ratio, row.count)
        // ∂L/∂ln q = q (ln(q/m) + 1 − αq/m).
        for i in 0..<row.count { slopes[i] = row.q[i] * (ratio[i] + slopes[i]) }
        row.add(slopes: slopes)
        return row.isPlain ? dotProduct(row.q, ratio, count: row.count) : nearby
    }
}

extension LossRow {
    /// m = α a + (1−α) b, bounded below for the logarithm.
    func mix(
        _ alpha: Float, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        into m: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count { m[i] = max(alpha * a[i] + (1 - alpha) * b[i], smallestProbability) }
    }
}

extension Loss {
    /// Skewed forward KL, KL(p ‖ αp + (1−α)q) (DistiLLM, arXiv 2402.03898).
    public static func skewForwardKL(alpha: Float = 0.1, temperature: Float) -> Loss {
        Loss(.skewForwardKL, temperature: temperature, parameters: ["alpha": alpha])
    }

    /// Skewed reverse KL, KL(q ‖ αq + (1−α)p) (DistiLLM, arXiv 2402.03898).
    public static func skewReverseKL(alpha: Float = 0.1, temperature: Float) -> Loss {
        Loss(.skewReverseKL, temperature: temperature, parameters: ["alpha": alpha])
    }
}
