import Foundation
import Tensors

/// One row of logits in the form that a loss reads: softmax(z / T) or z itself, of plain or of standardized logits. The last
/// result is cached, since terms often need the same.
package final class RowDistribution {
    private let vocabulary: Int
    private let values: Tensor
    /// (z − μ) / σ of the row.
    private let standardized: Tensor
    private var deviation: Float?
    private var current: (temperature: Float, isProbability: Bool, isStandardized: Bool)?

    init(vocabulary: Int) {
        self.vocabulary = vocabulary
        values = Tensor(shape: [vocabulary])
        standardized = Tensor(shape: [vocabulary])
    }

    /// Prepares for the next row.
    func begin() {
        current = nil
        deviation = nil
    }

    /// - Returns: V values; a loss that changes them must restore them
    func view(of logits: UnsafePointer<Float>, for loss: Loss) -> UnsafeMutablePointer<Float> {
        let isProbability = loss.kind.input != .logits
        let wanted = (loss.temperature, isProbability, loss.standardizesLogits)
        if let current, current == wanted { return values.pointer }
        var source = logits
        if loss.standardizesLogits {
            standardize(logits)
            source = UnsafePointer(standardized.pointer)
        }
        if isProbability {
            Self.softmax(source, temperature: loss.temperature, into: values.pointer, count: vocabulary)
        } else {
            values.pointer.update(from: source, count: vocabulary)
        }
        current = wanted
        return values.pointer
    }

    package static func softmax(
        _ logits: UnsafePointer<Float>, temperature: Float, into p: UnsafeMutablePointer<Float>, count: Int
    ) {
        LogSumExp(logits, count: count, inverseTemperature: 1 / temperature)
            .softmax(of: logits, into: p, count: count)
    }

    // MARK: - Standardization

    private func standardize(_ logits: UnsafePointer<Float>) {
        guard deviation == nil else { return }
        let y = standardized.pointer
        let mean = kernels.sum(logits, vocabulary) / Float(vocabulary)
        for i in 0..<vocabulary { y[i] = logits[i] - mean }
        let variance = kernels.sum_of_squares(y, vocabulary) / Double(vocabulary)
        let deviation = max(Float(variance.squareRoot()), smallestDeviation)
        kernels.scale(y, 1 / deviation, vocabulary)
        self.deviation = deviation
    }

    /// Turns ∂L/∂y of the standardized logits y into ∂L/∂z: (g − mean(g) − y · mean(g y)) / σ.
    func differentiateStandardization(_ gradient: UnsafeMutablePointer<Float>) {
        guard let deviation else { preconditionFailure("no logits were standardized") }
        let y = standardized.pointer
        let count = Float(vocabulary)
        var along: Float = 0
        kernels.row_dots(gradient, y, &along, 1, vocabulary, vocabulary, vocabulary)
        let mean = kernels.sum(gradient, vocabulary) / count
        for i in 0..<vocabulary { gradient[i] = (gradient[i] - mean - y[i] * along / count) / deviation }
    }
}

/// The smallest deviation that logits are divided by: a smaller one would magnify rounding error.
private let smallestDeviation: Float = 1e-6

/// The lower bound of probabilities: the smallest normal Float32, which is also the smallest result of the kernels' exp.
package let smallestProbability = Float.leastNormalMagnitude

/// ln p, with p bounded below.
package func safeLog(_ probability: Float) -> Float { log(max(probability, smallestProbability)) }
