import Foundation

extension Reference {
    /// Weights and moments of AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101).
    public struct AdamW {
        public var weights: [Double]
        public private(set) var mean: [Double]
        public private(set) var variance: [Double]
        public private(set) var step = 0

        public init(weights: [Double]) {
            self.weights = weights
            mean = Array(repeating: 0, count: weights.count)
            variance = mean
        }

        public mutating func update(
            gradient: [Double], rate: Double, beta1: Double = 0.9, beta2: Double = 0.95,
            epsilon: Double = 1e-8,
            decay: Double
        ) {
            step += 1
            for i in weights.indices {
                mean[i] = beta1 * mean[i] + (1 - beta1) * gradient[i]
                variance[i] = beta2 * variance[i] + (1 - beta2) * gradient[i] * gradient[i]
                let unbiasedMean = mean[i] / (1 - pow(beta1, Double(step)))
                let unbiasedVariance = variance[i] / (1 - pow(beta2, Double(step)))
                weights[i] -= rate * decay * weights[i]
                weights[i] -= rate * unbiasedMean / (unbiasedVariance.squareRoot() + epsilon)
            }
        }
    }
}
