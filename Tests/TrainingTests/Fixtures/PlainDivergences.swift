import Foundation
import TestSupport

// p teacher, q student.

/// Divergences as their papers define them, in Double.
extension Reference {
    static func mixture(_ alpha: Double, _ a: [Double], _ b: [Double]) -> [Double] {
        zip(a, b).map { alpha * $0 + (1 - alpha) * $1 }
    }

    static func totalVariation(_ p: [Double], _ q: [Double]) -> Double {
        0.5 * zip(p, q).reduce(0) { $0 + abs($1.0 - $1.1) }
    }

    /// With the limits that the definition has where α or β is 0.
    static func alphaBeta(_ p: [Double], _ q: [Double], alpha a: Double, beta b: Double) -> Double {
        zip(p, q).reduce(0) { sum, pair in
            let (p, q) = (max(pair.0, 1e-300), max(pair.1, 1e-300))
            if b == 0 { return sum + pow(p, a) * log(p / q) / a - (pow(p, a) - pow(q, a)) / (a * a) }
            if a == 0 { return sum + pow(q, b) * log(q / p) / b - (pow(q, b) - pow(p, b)) / (b * b) }
            return sum
                - (pow(p, a) * pow(q, b) - a / (a + b) * pow(p, a + b) - b / (a + b) * pow(q, a + b))
                / (a * b)
        }
    }

    /// The share of Σ |p − q| on the fewest likeliest outcomes of p that hold half its mass.
    static func headShare(_ p: [Double], _ q: [Double]) -> Double {
        var (mass, head) = (0.0, 0.0)
        for i in p.indices.sorted(by: { p[$0] > p[$1] }) where mass < 0.5 {
            mass += p[i]
            head += abs(p[i] - q[i])
        }
        let all = zip(p, q).reduce(0) { $0 + abs($1.0 - $1.1) }
        return all > 0 ? head / all : 0.5
    }

    static func sortedDifference(_ p: [Double], _ q: [Double]) -> Double {
        let length = max(p.count, q.count)
        func sorted(_ x: [Double]) -> [Double] {
            x.sorted(by: >) + Array(repeating: 0, count: length - x.count)
        }
        return zip(sorted(p), sorted(q)).reduce(0) { $0 + abs($1.0 - $1.1) }
    }

    /// (z − mean) / deviation.
    static func standardized(_ z: [Double]) -> [Double] {
        let mean = z.reduce(0, +) / Double(z.count)
        let variance = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(z.count)
        return z.map { ($0 - mean) / variance.squareRoot() }
    }
}
