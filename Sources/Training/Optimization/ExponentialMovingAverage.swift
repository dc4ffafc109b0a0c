import Support
import Tensors

/// An exponential moving average of weights: average += (1 − decay) · (weights − average) after each step (Polyak & Juditsky
/// 1992).
public final class ExponentialMovingAverage {
    /// Near 1 for a long average.
    public let decay: Float
    /// The averages, by the parameters' names.
    public let averages: [(name: String, tensor: Tensor)]
    private let parameters: [(name: String, tensor: Tensor)]

    /// - Parameters:
    ///   - parameters: the weights, which the average starts from
    ///   - decay: near 1 for a long average
    public init(of parameters: [(name: String, tensor: Tensor)], decay: Float) {
        self.decay = decay
        self.parameters = parameters
        averages = parameters.map { ($0.name, $0.tensor.copy()) }
    }

    /// Updates the averages; called once after each optimizer step. Early the decay is at most (1 + step) / (10 + step), which
    /// removes the initial weights faster.
    ///
    /// - Parameter step: from 1
    public func update(step: Int) {
        let decay = min(decay, Float(1 + step) / Float(10 + step))
        for (average, parameter) in zip(averages, parameters) {
            let (from, to) = (parameter.tensor.pointer, average.tensor.pointer)
            Parallel.forRanges(of: parameter.tensor.count, grain: 1 << 14) { range in
                kernels.interpolate(from + range.lowerBound, to + range.lowerBound, 1 - decay, range.count)
            }
        }
    }
}
