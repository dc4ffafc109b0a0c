import Tensors

extension LossKind {
    /// −1/(αβ) Σ [p^α q^β − α/(α+β) p^(α+β) − β/(α+β) q^(α+β)] (ABKD, arXiv 2505.04560): α weighs where the teacher is
    /// likely, β where the student is. (1, 0) is the forward KL and (0, 1) the reverse KL, as limits:
    ///
    /// - β = 0: Σ [p^α ln(p/q)/α − (p^α − q^α)/α²]
    /// - α = 0: Σ [q^β ln(q/p)/β − (q^β − p^β)/β²]
    public static let alphaBeta = LossKind(
        name: "alpha_beta", summary: "α-β divergence: (1, 0) is forward_kl, (0, 1) reverse_kl.",
        parameters: [
            Parameter("alpha", in: 0...4, standard: 0.2, "The teacher's exponent."),
            Parameter("beta", in: 0...4, standard: 0.7, "The student's exponent."),
        ]
    ) { row in
        let (alpha, beta, n) = (row["alpha"], row["beta"], row.count)
        precondition(alpha + beta > 0, "one of alpha and beta is positive")
        let (logP, logQ) = (row.scratch[0], row.scratch[1])
        kernels.logarithm(row.p, logP, n)
        kernels.logarithm(row.q, logQ, n)
        let (u, v) = (row.scratch[2], row.scratch[3])
        var sum: Float = 0
        if alpha == 0 {
            // u = q^β, v = p^β; ∂L/∂ln q = q^β ln(q/p).
            kernels.exponential(of: logQ, times: beta, into: u, count: n)
            kernels.exponential(of: logP, times: beta, into: v, count: n)
            for i in 0..<n {
                let slope = u[i] * (logQ[i] - logP[i])
                sum += slope / beta - (u[i] - v[i]) / (beta * beta)
                u[i] = slope
            }
        } else if beta == 0 {
            // u = p^α, v = q^α; ∂L/∂ln q = −(p^α − q^α)/α.
            kernels.exponential(of: logP, times: alpha, into: u, count: n)
            kernels.exponential(of: logQ, times: alpha, into: v, count: n)
            for i in 0..<n {
                let slope = (v[i] - u[i]) / alpha
                sum += u[i] * (logP[i] - logQ[i]) / alpha + slope / alpha
                u[i] = slope
            }
        } else {
            // p^(α+β) = exp(α ln p + β ln p) and so on, so that equal models cancel.
            let total = alpha + beta
            kernels.exponential(of: logP, times: total, into: v, count: n)
            for i in 0..<n { logP[i] = alpha * (logP[i] - logQ[i]) + total * logQ[i] }
            kernels.exponential(of: logP, times: 1, into: u, count: n)
            kernels.exponential(of: logQ, times: total, into: logP, count: n)
            // u = p^α q^β, v = p^(α+β), logP = q^(α+β); ∂L/∂ln q = −(p^α q^β − q^(α+β))/α.
            for i in 0..<n {
                sum += (alpha * (v[i] - u[i]) + beta * (logP[i] - u[i])) / total
                u[i] = (logP[i] - u[i]) / alpha
            }
            sum /= alpha * beta
        }
        row.add(slopes: u)
        return sum
    }
}

extension Loss {
    /// - Parameters:
    ///   - alpha: the teacher's exponent, 0 to 4
    ///   - beta: the student's; not both are 0
    public static func alphaBeta(alpha: Float, beta: Float, temperature: Float) -> Loss {
        Loss(.alphaBeta, temperature: temperature, parameters: ["alpha": alpha, "beta": beta])
    }
}
