import Tensors

extension LossKind {
    /// Reverse KL, Σ q ln(q/p): mode-seeking; the student avoids tokens that the teacher finds unlikely (MiniLLM, arXiv
    /// 2306.08543).
    public static let reverseKL = LossKind(name: "reverse_kl", summary: "Σ q ln(q/p).") { row in
        let sum = kernels.reverse_kl(row.p, row.q, row.gradient, row.count, row.factor)
        return row.divergence(row.q, row.p, plain: sum)
    }
}

extension Loss {
    /// Reverse KL, Σ q ln(q/p), at a temperature.
    public static func reverseKL(temperature: Float) -> Loss { Loss(.reverseKL, temperature: temperature) }
}
