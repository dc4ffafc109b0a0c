import Tensors

extension LossKind {
    /// a·KL(p‖q) + b·KL(q‖p) (AKL, arXiv 2404.02657): a and b are the shares of Σ |p − q| that fall on the teacher's head,
    /// the fewest likeliest outcomes that hold half its mass, and on its tail. Forward KL learns heads first and reverse
    /// KL tails first, so each goes where the gap is. The shares are constants of the gradient.
    public static let adaptiveKL = LossKind(
        name: "akl", summary: "Forward and reverse KL, weighted by where the models differ: head or tail."
    ) { row in
        let (head, all) = row.gaps()
        let share = all > 0 ? head / all : 0.5
        let forward = kernels.forward_kl(row.p, row.q, row.gradient, row.count, row.factor * share)
        let reverse = kernels.reverse_kl(row.p, row.q, row.gradient, row.count, row.factor * (1 - share))
        return share * row.divergence(row.p, row.q, plain: forward)
            + (1 - share) * row.divergence(row.q, row.p, plain: reverse)
    }
}

extension LossRow {
    /// Σ |p − q| over the teacher's head, and over everything.
    fileprivate func gaps() -> (head: Float, all: Float) {
        var all: Float = 0
        for i in 0..<count { all += abs(p[i] - q[i]) }
        // Most heads are a few tokens: the search for more is repeated only where those do not hold half the mass.
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
            // The largest probabilities of a distribution hold all of it, but for rounding.
            if size == count { return (head, all) }
            size = min(8 * size, count)
        }
    }
}

extension Loss {
    public static func adaptiveKL(temperature: Float) -> Loss { Loss(.adaptiveKL, temperature: temperature) }
}
