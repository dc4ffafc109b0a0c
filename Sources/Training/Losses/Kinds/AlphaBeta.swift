import Foundation
import Tensors

extension LossKind {
    /// The α-β divergence −1/(αβ) Σ [p^α q^β − α/(α+β) p^(α+β) − β/(α+β) q^(α+β)] (ABKD, arXiv 2505.04560): α is the weight of
    /// tokens that the teacher finds likely, β of those that the student does. (1, 0) is the forward KL and (0, 1) the reverse
    /// KL, as limits:
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
        guard row.isPlain, min(alpha, beta) >= smallestPlainExponent else { return exactly(row, alpha, beta) }
        let (logP, logQ) = (row.scratch[0], row.scratch[1])
        kernels.logarithm(row.p, logP, n)
        kernels.logarithm(row.q, logQ, n)
        let (u, v) = (row.scratch[2], row.scratch[3])
        var sum: Float = 0
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
        row.add(slopes: u)
        return sum / (alpha * beta)
    }

    /// From this exponent the rounding error of the powers, 1e-7 divided by αβ, is below 1e-5 of the loss.
    private static let smallestPlainExponent: Float = 0.1

    /// With d = ln(p/q), u = p^α q^β and ψ(x) = eˣ − 1 − x the loss is Σ u [ψ(βd)/β + ψ(−αd)/α] / (α+β) and
    /// ∂L/∂ln q = u (e^(−αd) − 1)/α: no term is below 0, and both have their limits where an exponent vanishes.
    private static func exactly(_ row: LossRow, _ alpha: Float, _ beta: Float) -> Float {
        let (a, b) = (Double(alpha), Double(beta))
        let slopes = row.scratch[0]
        var sum = 0.0
        for i in 0..<row.count {
            let (logP, logQ) = (log(Double(row.p[i])), log(Double(row.q[i])))
            let d = logP - logQ
            let u = exp(a * logP + b * logQ)
            // Below this, the result is rounding error: the limit is d²/2.
            sum +=
                a + b > 1e-12 ? u * (excess(b * d, over: b) + excess(-a * d, over: a)) / (a + b) : d * d / 2
            slopes[i] = Float(a > 0 ? u * expm1(-a * d) / a : -u * d)
        }
        row.add(slopes: slopes)
        return Float(sum)
    }

    /// (eˣ − 1 − x) / e; 0 for the limit e = 0, x = 0.
    private static func excess(_ x: Double, over exponent: Double) -> Double {
        guard exponent > 0 else { return 0 }
        // Near 0 the difference cancels: the series, whose first omitted term is x⁸/8!.
        if abs(x) < 0.03 {
            let tail = 1 + x / 5 * (1 + x / 6 * (1 + x / 7))
            return x / exponent * x / 2 * (1 + x / 3 * (1 + x / 4 * tail))
        }
        return (expm1(x) - x) / exponent
    }
}

extension Loss {
    /// The α-β divergence (ABKD, arXiv 2505.04560).
    ///
    /// - Parameters:
    ///   - alpha: the teacher's exponent, 0 to 4
    ///   - beta: the student's; not both are 0
    public static func alphaBeta(alpha: Float, beta: Float, temperature: Float) -> Loss {
        Loss(.alphaBeta, temperature: temperature, parameters: ["alpha": alpha, "beta": beta])
    }
}
