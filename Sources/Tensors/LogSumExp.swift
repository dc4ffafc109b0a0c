/// ln Σ exp(z / T) over a row of logits, with the maximum taken out so that nothing overflows.
///
///     let sum = LogSumExp(z, count: vocabulary)
///     let logProbability = z[token] - sum.value
package struct LogSumExp: Sendable {
    /// The largest logit.
    package let maximum: Float
    /// ln Σ exp((z − maximum) / T).
    package let logSum: Float
    private let inverseTemperature: Float

    /// - Parameters:
    ///   - z: `count` logits
    ///   - inverseTemperature: 1 / T
    package init(_ z: UnsafePointer<Float>, count: Int, inverseTemperature: Float = 1) {
        var (maximum, logSum): (Float, Float) = (0, 0)
        kernels.log_sum_exp(z, count, inverseTemperature, &maximum, &logSum)
        (self.maximum, self.logSum, self.inverseTemperature) = (maximum, logSum, inverseTemperature)
    }

    /// ln Σ exp(z) at temperature 1.
    package var value: Float { maximum + logSum }

    /// Whether the logits have a distribution: none of them is NaN, and the largest is finite.
    package var isFinite: Bool { maximum.isFinite && logSum.isFinite }

    /// Writes softmax(z / T) of the same row over `p`, which may be the row itself.
    package func softmax(of z: UnsafePointer<Float>, into p: UnsafeMutablePointer<Float>, count: Int) {
        kernels.softmax(z, p, count, inverseTemperature, maximum, logSum)
    }
}

/// Σ a·b, in Float32.
///
/// - Parameter count: values of each
package func dotProduct(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
    var result: Float = 0
    kernels.row_dots(a, b, &result, 1, count, count, count)
    return result
}

/// Σ a·b, added up from the first to the last.
package func dotProduct(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}
