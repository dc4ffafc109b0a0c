extension LossKind {
    /// Σ (z_student − z_teacher)² / V over the logits themselves (Ba & Caruana 2014, arXiv 1312.6184).
    public static let logitMSE = LossKind.ofLogits(
        name: "logit_mse", summary: "Mean squared difference of the logits."
    ) { logits in
        let row = logits.row
        var sum: Float = 0
        let factor = 2 * row.factor / Float(row.count)
        for i in 0..<row.count {
            let difference = row.q[i] - row.p[i]
            sum += difference * difference
            row.gradient[i] += factor * difference
        }
        return sum / Float(row.count)
    }
}

extension Loss {
    /// Mean squared difference of the logits.
    public static let logitMSE = Loss(.logitMSE)
}
