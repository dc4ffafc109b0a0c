import Tensors

extension LossKind {
    /// Forward KL, Σ p ln(p/q): mode-covering; the student gives mass to every token that the teacher finds possible (Hinton et
    /// al. 2015, arXiv 1503.02531).
    public static let forwardKL = LossKind(
        name: "forward_kl", summary: "Σ p ln(p/q), from any signal.", input: .distributions,
        acceptsSampledWeights: true
    ) { row in
        let sum = kernels.forward_kl(row.p, row.q, row.gradient, row.count, row.factor)
        return row.divergence(row.p, row.q, plain: sum)
    }
}

extension Loss {
    /// Forward KL, Σ p ln(p/q), at a temperature.
    public static func forwardKL(temperature: Float) -> Loss { Loss(.forwardKL, temperature: temperature) }
}
