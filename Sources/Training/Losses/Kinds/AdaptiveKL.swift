import Tensors

extension LossKind {
    /// Adaptive KL (AKL, arXiv 2404.02657): a·KL(p‖q) + b·KL(q‖p), a and b the fractions of Σ |p − q| that fall on the teacher's
    /// head, the fewest likeliest outcomes with half its mass, and on its tail. Forward KL fits heads first and reverse KL
    /// tails first, so each counts where the gap is. The fractions are constants of the gradient.
    public static let adaptiveKL = LossKind(
        name: "akl", summary: "Forward and reverse KL, weighted by where the models differ: head or tail."
    ) { row in
        let (head, all) = row.gaps()
        let fraction = all > 0 ? head / all : 0.5
        let forward = kernels.forward_kl(row.p, row.q, row.gradient, row.count, row.factor * fraction)
        let reverse = kernels.reverse_kl(row.p, row.q, row.gradient, row.count, row.factor * (1 - fraction))
        return fraction * row.divergence(row.p, row.q, plain: forward)
            + (1 - fraction) * row.divergence(row.q, row.p, plain: reverse)
    }
}

extension LossRow {
    /// Σ |p − q| over the teacher's head, and over everything.
    fileprivate func gaps() -> (head: Float, all: Float) {
        var all: Float = 0
        for i in 0..<count { all += abs(p[i] - q[i]) }
        // Most heads are a few tokens; the search is repeated for more only where those have less than half the mass.
        var size = min(16, count)
        while true {
            let (ids, values) = (scratch.integers(0), scratch[1])
            kernels.top_k(p, count, size, ids, values)
            var (mass, head): (Float, Float) = (0, 0)
            for i in 0..<size {
                mass += values[i]
                head += abs(values[i] - q[Int(ids[i])])
                if mass >= 0.5 { return (head, all) }
            }
            // All probabilities together have all of the mass, except for rounding.
            if size == count { return (head, all) }
            size = min(8 * size, count)
        }
    }
}

extension Loss {
    /// Adaptive KL (AKL, arXiv 2404.02657).
    public static func adaptiveKL(temperature: Float) -> Loss { Loss(.adaptiveKL, temperature: temperature) }
}
