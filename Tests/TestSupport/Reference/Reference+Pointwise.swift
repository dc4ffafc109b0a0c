import Foundation
import Tensors

// N rows, C channels, F feed-forward width, D head dimension.

extension Reference {
    /// x / sqrt(mean(x²) + epsilon) · weight, row by row.
    public static func rmsNorm(_ x: [Double], weight: [Double], epsilon: Double) -> [Double] {
        let width = weight.count
        return (0..<x.count / width).flatMap { n in
            let row = x.row(n, width: width)
            let meanSquare = row.reduce(0) { $0 + $1 * $1 } / Double(width)
            return zip(row, weight).map { $0 / (meanSquare + epsilon).squareRoot() * $1 }
        }
    }

    public static func layerNorm(
        _ x: [Double], weight: [Double], bias: [Double], epsilon: Double
    ) -> [Double] {
        let width = weight.count
        return (0..<x.count / width).flatMap { n in
            let row = x.row(n, width: width)
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            return row.indices.map {
                (row[$0] - mean) / (variance + epsilon).squareRoot() * weight[$0] + bias[$0]
            }
        }
    }

    /// x · P(X ≤ x) of a standard normal X, or its tanh form.
    public static func activated(_ x: Double, _ activation: Activation) -> Double {
        activation == .gelu ? x * erfc(-x / 2.0.squareRoot()) / 2 : geluTanh(x)
    }

    public static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

    /// x / 2 · (1 + tanh(u)), u = √(2/π) · (x + 0.044715 x³), without the cancellation where tanh is near −1.
    public static func geluTanh(_ x: Double) -> Double {
        x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    }

    /// activation(gate) · up; each row holds F gates, then F ups.
    public static func gatedUnit(_ gateUp: [Double], _ gate: Gate, width: Int) -> [Double] {
        (0..<gateUp.count / (2 * width)).flatMap { n in
            let row = gateUp.row(n, width: 2 * width)
            return (0..<width).map {
                (gate == .silu ? silu(row[$0]) : geluTanh(row[$0])) * row[width + $0]
            }
        }
    }

    public static func swiGLU(_ gateUp: [Double], width: Int) -> [Double] {
        gatedUnit(gateUp, .silu, width: width)
    }

    /// cap · tanh(x / cap)
    public static func softCap(_ x: Double, at cap: Double) -> Double { cap * tanh(x / cap) }

    /// Turns the pair (j, j + D/2) of every one of the first `heads` heads by position · theta^(−2j/D).
    public static func rotary(
        _ x: [Double], positions: [Int32], width: Int, heads: Int, dimension: Int, theta: Double = 10_000,
        direction: Double = 1, headDimension: Int? = nil
    ) -> [Double] {
        var y = x
        for (n, position) in positions.enumerated() {
            for head in 0..<heads {
                for j in 0..<dimension / 2 {
                    let angle =
                        direction * Double(position) * pow(theta, -2 * Double(j) / Double(dimension))
                    let low = n * width + head * (headDimension ?? dimension) + j
                    let high = low + dimension / 2
                    y[low] = x[low] * cos(angle) - x[high] * sin(angle)
                    y[high] = x[low] * sin(angle) + x[high] * cos(angle)
                }
            }
        }
        return y
    }
}
