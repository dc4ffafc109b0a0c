extension LossKind {
    /// Total variation distance, ½ Σ |p − q|: the largest difference in the probability of any set of tokens (f-distill, arXiv 2307.15190).
    public static let totalVariation = LossKind(
        name: "total_variation", summary: "½ Σ |p − q|: bounded, whatever the ratio of the probabilities."
    ) { row in
        row.pointwise { p, q in
            (0.5 * abs(p - q), -0.5 * LossRow.sign(of: p, minus: q))
        }
    }
}

extension Loss {
    /// Total variation distance, ½ Σ |p − q|.
    public static func totalVariation(temperature: Float) -> Loss {
        Loss(.totalVariation, temperature: temperature)
    }
}
