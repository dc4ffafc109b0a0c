import Foundation
import Support
import Tensors

/// AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) over groups of parameters.
public final class AdamW {
    /// Settings shared by all groups.
    public struct Options: Codable, Equatable, Sendable {
        public var learningRate: Float
        public var weightDecay: Float
        public var beta1: Float
        public var beta2: Float
        public var epsilon: Float

        /// What each option accepts.
        public enum Limits {
            public static let learningRate = NumberLimits(1e-12...1e3)
            public static let weightDecay = NumberLimits(0...1e3)
            /// Squares of gradients fade over 1/(1 − β) steps; nearer to 1 a Float of 1 − β has no digits left.
            public static let beta = NumberLimits(0...0.999_999)
            public static let epsilon = NumberLimits(1e-30...1)
            /// Of a group's factor of the learning rate.
            public static let learningRateScale = NumberLimits(1e-6...1e6)
        }

        public init(
            learningRate: Float = 1e-3, weightDecay: Float = 0.05, beta1: Float = 0.9, beta2: Float = 0.95,
            epsilon: Float = 1e-8
        ) {
            self.learningRate = learningRate
            self.weightDecay = weightDecay
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
        }
    }

    /// Parameters that share a learning-rate factor and a weight decay.
    public struct Group {
        public var parameters: [(name: String, tensor: Tensor)]
        public var learningRateScale: Float
        public var weightDecay: Float

        public init(
            parameters: [(name: String, tensor: Tensor)], learningRateScale: Float = 1, weightDecay: Float
        ) {
            self.parameters = parameters
            self.learningRateScale = learningRateScale
            self.weightDecay = weightDecay
        }
    }

    public let options: Options
    public let groups: [Group]
    /// Steps taken.
    public private(set) var step = 0
    private var moments: [String: (mean: Tensor, variance: Tensor)] = [:]

    public init(groups: [Group], options: Options) {
        self.groups = groups
        self.options = options
        for group in groups {
            for (name, tensor) in group.parameters {
                moments[name] = (.zeros(tensor.shape), .zeros(tensor.shape))
            }
        }
    }

    /// Two groups: matrices decay; norms, which have one axis, do not.
    public convenience init(parameters: [(name: String, tensor: Tensor)], options: Options) {
        let matrices = parameters.filter { $0.tensor.shape.count > 1 }
        let vectors = parameters.filter { $0.tensor.shape.count <= 1 }
        self.init(
            groups: [
                Group(parameters: matrices, weightDecay: options.weightDecay),
                Group(parameters: vectors, weightDecay: 0),
            ], options: options)
    }

    /// The Euclidean norm of all gradients together.
    public var gradientNorm: Double {
        sumOfSquares(groups.flatMap { $0.parameters.compactMap(\.tensor.gradient) }).squareRoot()
    }

    /// Updates every parameter that has a gradient and releases the gradients.
    ///
    /// - Parameters:
    ///   - learningRate: the schedule's value for this step
    ///   - gradientScale: factor of all gradients, from clipping
    public func update(learningRate: Float, gradientScale: Float = 1) {
        step += 1
        let correction1 = Float(1 - pow(Double(options.beta1), Double(step)))
        let correction2 = Float(1 - pow(Double(options.beta2), Double(step)))
        for group in groups {
            for (name, tensor) in group.parameters {
                guard let gradient = tensor.gradient, let (mean, variance) = moments[name] else { continue }
                Parallel.forRanges(of: tensor.count, grain: 1 << 14) { range in
                    let i = range.lowerBound
                    kernels.adamw(
                        tensor.pointer + i, gradient.pointer + i, mean.pointer + i, variance.pointer + i,
                        range.count,
                        learningRate * group.learningRateScale, options.beta1, options.beta2, options.epsilon,
                        group.weightDecay, correction1, correction2, gradientScale)
                }
                tensor.gradient = nil
            }
        }
    }

    /// Moments by name, for saving: `mean.NAME` and `variance.NAME`.
    public var state: [(name: String, tensor: Tensor)] {
        groups.flatMap(\.parameters).flatMap { name, _ in
            [("mean." + name, moments[name]!.mean), ("variance." + name, moments[name]!.variance)]
        }
    }

    /// Goes on from saved moments, already copied into `state`'s tensors, after `step` steps.
    public func resume(atStep step: Int) { self.step = step }
}
