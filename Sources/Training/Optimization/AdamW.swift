import Foundation
import Support
import Tensors

/// The AdamW optimizer over groups of parameters (Loshchilov & Hutter 2019, arXiv 1711.05101).
public final class AdamW {
    /// Options shared by all groups.
    public struct Options: Codable, Equatable, Sendable {
        /// Peak of the schedule.
        public var learningRate: Float
        /// Decay per unit of learning rate.
        public var weightDecay: Float
        /// Decay of the mean of gradients.
        public var beta1: Float
        /// Decay of the mean of squared gradients.
        public var beta2: Float
        /// Added to the square root of the latter.
        public var epsilon: Float

        /// The accepted values of each option.
        public enum Limits {
            /// Of the learning rate.
            public static let learningRate = NumberLimits(1e-12...1e3)
            /// Of the weight decay.
            public static let weightDecay = NumberLimits(0...1e3)
            /// Of both betas. Moments average over 1/(1 − β) steps; closer to 1, 1 − β has no precision in Float32.
            public static let beta = NumberLimits(0...0.999_999)
            /// Of epsilon.
            public static let epsilon = NumberLimits(1e-30...1)
            /// Of a group's factor of the learning rate.
            public static let learningRateScale = NumberLimits(1e-6...1e6)
        }

        /// The usual values for language models.
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
        /// Names are unique over all groups.
        public var parameters: [(name: String, tensor: Tensor)]
        /// Factor of the learning rate.
        public var learningRateScale: Float
        /// The group's weight decay.
        public var weightDecay: Float

        /// A group of parameters.
        public init(
            parameters: [(name: String, tensor: Tensor)], learningRateScale: Float = 1, weightDecay: Float
        ) {
            self.parameters = parameters
            self.learningRateScale = learningRateScale
            self.weightDecay = weightDecay
        }
    }

    /// Options shared by all groups; a group has its own weight decay.
    public let options: Options
    /// The parameters.
    public let groups: [Group]
    /// Number of steps taken.
    public private(set) var step = 0
    private var moments: [String: (mean: Tensor, variance: Tensor)] = [:]

    /// An optimizer with moments of 0.
    public init(groups: [Group], options: Options) {
        self.groups = groups
        self.options = options
        for group in groups {
            for (name, tensor) in group.parameters {
                moments[name] = (.zeros(tensor.shape), .zeros(tensor.shape))
            }
        }
    }

    /// Two groups: matrices have weight decay; norms, which have one axis, do not.
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
    ///   - learningRate: the schedule's value at this step
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

    /// Continues after `step` steps, from saved moments that were copied into the tensors of `state`.
    public func resume(atStep step: Int) { self.step = step }
}
