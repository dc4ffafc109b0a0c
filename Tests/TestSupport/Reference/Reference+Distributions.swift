import Foundation

// p teacher, q student, z the student's logits, T temperature.

extension Reference {
    /// ln Σ exp(z / T).
    public static func logSumExp(_ z: [Double], temperature: Double = 1) -> Double {
        let best = z.max()!
        return best / temperature + log(z.reduce(0) { $0 + exp(($1 - best) / temperature) })
    }

    /// exp(z / T) / Σ exp(z / T).
    public static func softmax(_ z: [Double], temperature: Double = 1) -> [Double] {
        let shift = logSumExp(z, temperature: temperature)
        return z.map { exp($0 / temperature - shift) }
    }

    /// Σ p ln(p / q); a term with p = 0 is 0.
    public static func kl(_ p: [Double], _ q: [Double]) -> Double {
        zip(p, q).reduce(0) { $1.0 == 0 ? $0 : $0 + $1.0 * log($1.0 / $1.1) }
    }

    public static func forwardKL(_ p: [Double], _ q: [Double]) -> Double { kl(p, q) }

    public static func reverseKL(_ p: [Double], _ q: [Double]) -> Double { kl(q, p) }

    /// β KL(p‖m) + (1 − β) KL(q‖m) with m = β p + (1 − β) q.
    public static func jensenShannon(_ p: [Double], _ q: [Double], beta: Double) -> Double {
        let m = zip(p, q).map { beta * $0 + (1 - beta) * $1 }
        return beta * kl(p, m) + (1 - beta) * kl(q, m)
    }

    /// The k largest values in falling order with their places; ties go to the smaller place.
    public static func topK(_ z: [Float], k: Int) -> (indices: [Int32], values: [Float]) {
        let order = z.indices.sorted { z[$0] != z[$1] ? z[$0] > z[$1] : $0 < $1 }.prefix(k)
        return (order.map(Int32.init), order.map { z[$0] })
    }
}
