import Tensors

extension LossKind {
    /// Σ |sort(p) − sort(q)|, the shorter distribution padded with zeros (universal logit distillation, arXiv 2402.12030):
    /// compares the shapes of distributions without their tokens, so that the vocabularies may differ.
    public static let universalLogit = LossKind(
        name: "uld", summary: "Σ |sort(p) − sort(q)|: the shape of the distribution, whatever the tokens.",
        input: .wholeDistributions
    ) { row in
        let (ids, q, slopes) = (row.scratch.integers(0), row.scratch[1], row.scratch[2])
        kernels.top_k(row.q, row.count, row.count, ids, q)
        let p = row.scratch[3]
        kernels.top_k(row.p, row.teacherCount, row.teacherCount, row.scratch.integers(1), p)
        var sum: Float = 0
        for rank in 0..<row.count {
            let other = rank < row.teacherCount ? p[rank] : 0
            sum += abs(q[rank] - other)
            slopes[Int(ids[rank])] = q[rank] * LossRow.sign(of: q[rank], minus: other)
        }
        for rank in row.count..<max(row.count, row.teacherCount) { sum += p[rank] }
        row.add(slopes: slopes)
        return sum
    }
}

extension Loss {
    /// Universal logit distillation (ULD), for models of different vocabularies.
    public static func universalLogit(temperature: Float) -> Loss {
        Loss(.universalLogit, temperature: temperature)
    }
}
