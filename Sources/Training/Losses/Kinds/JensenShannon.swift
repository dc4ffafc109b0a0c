import Tensors

extension LossKind {
    /// Generalized Jensen-Shannon divergence, β KL(p‖m) + (1−β) KL(q‖m) with m = βp + (1−β)q (GKD, arXiv 2306.13649). The formula
    /// vanishes at β = 0 and 1; divided by β (1 − β) it tends to the forward and the reverse KL, which are used there.
    public static let jensenShannon = LossKind(
        name: "jsd", summary: "Generalized Jensen-Shannon divergence, between forward_kl and reverse_kl.",
        parameters: [
            Parameter(
                "beta", in: 0...1, standard: 0.5,
                "The teacher's weight in the mixture; 0 is forward_kl, 1 reverse_kl.")
        ]
    ) { row in
        switch row["beta"] {
        case 0: return LossKind.forwardKL.evaluate(row)
        case 1: return LossKind.reverseKL.evaluate(row)
        case let beta:
            let m = row.scratch[0]
            let sum = kernels.jensen_shannon(row.p, row.q, row.gradient, m, row.count, beta, row.factor)
            if row.isPlain { return sum }
            row.mix(beta, row.p, row.q, into: m)
            return beta * kernels.nearby_kl(row.p, m, row.count)
                + (1 - beta) * kernels.nearby_kl(row.q, m, row.count)
        }
    }
}

extension Loss {
    /// Generalized Jensen-Shannon divergence.
    ///
    /// - Parameter beta: the teacher's weight in the mixture, 0 to 1
    public static func jensenShannon(beta: Float, temperature: Float) -> Loss {
        Loss(.jensenShannon, temperature: temperature, parameters: ["beta": beta])
    }
}
