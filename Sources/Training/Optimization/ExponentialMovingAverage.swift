import Support
import Tensors

/// A slow copy of the weights: average += (1 − decay) · (weights − average) after each step (Polyak & Juditsky 1992).
public final class ExponentialMovingAverage {
    public let decay: Float
    public let averages: [(name: String, tensor: Tensor)]
    private let parameters: [(name: String, tensor: Tensor)]

    public init(of parameters: [(name: String, tensor: Tensor)], decay: Float) {
        self.decay = decay
        self.parameters = parameters
        averages = parameters.map { ($0.name, $0.tensor.copy()) }
    }

    /// Call once after each optimiser step; `step` counts from 1. Early on the average follows faster, so that the
    /// initial weights do not linger: decay is at most (1 + step) / (10 + step).
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
