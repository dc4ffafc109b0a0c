import Foundation
import Signals
import Tensors

/// One row of one or several teachers' logits in the form that a loss reads.
final class RowMixture {
    private let mixture: TeacherMixture
    private let members: [RowDistribution]
    private let vocabulary: Int
    /// The mixture: probabilities, or logits that `combined` reads.
    private let mixed: Tensor
    private let combined: RowDistribution
    /// The members' normalized weights at this row, once computed; they sum to 1.
    private var weights: [Float]?
    private var hasMixedLogits = false

    init(_ mixture: TeacherMixture, vocabulary: Int) {
        self.mixture = mixture
        self.vocabulary = vocabulary
        members = mixture.weights.map { _ in RowDistribution(vocabulary: vocabulary) }
        mixed = Tensor(shape: [vocabulary])
        combined = RowDistribution(vocabulary: vocabulary)
    }

    /// Prepares for the next row.
    func begin() {
        weights = nil
        hasMixedLogits = false
        combined.begin()
        for member in members { member.begin() }
    }

    /// - Parameters:
    ///   - logits: V values of each teacher
    ///   - target: the next token
    /// - Returns: V values that are valid until the next call
    func view(of logits: [UnsafeMutablePointer<Float>], for loss: Loss, target: Int) -> UnsafeMutablePointer<
        Float
    > {
        guard logits.count > 1 else { return members[0].view(of: logits[0], for: loss) }
        let weights = weights ?? normalizedWeights(logits, target: target)
        self.weights = weights
        if mixture.space == .probabilities, loss.kind.input != .logits {
            mixed.fill(0)
            for (index, member) in members.enumerated() {
                kernels.add_scaled(
                    member.view(of: logits[index], for: loss), weights[index], mixed.pointer, vocabulary)
            }
            // The buffer no longer holds logits.
            hasMixedLogits = false
            combined.begin()
            return mixed.pointer
        }
        if !hasMixedLogits {
            mixLogits(logits, weights)
            hasMixedLogits = true
        }
        return combined.view(of: mixed.pointer, for: loss)
    }

    /// Σ w_i z_i, or for a mixture of probabilities the logits it has: ln Σ w_i p_i.
    private func mixLogits(_ logits: [UnsafeMutablePointer<Float>], _ weights: [Float]) {
        mixed.fill(0)
        for (index, row) in logits.enumerated() {
            let plain = Loss(.forwardKL)
            let source =
                mixture.space == .logits
                ? UnsafePointer(row) : UnsafePointer(members[index].view(of: row, for: plain))
            kernels.add_scaled(source, weights[index], mixed.pointer, vocabulary)
        }
        if mixture.space == .probabilities { kernels.logarithm(mixed.pointer, mixed.pointer, vocabulary) }
    }

    private func normalizedWeights(_ logits: [UnsafeMutablePointer<Float>], target: Int) -> [Float] {
        let plain = Loss(.forwardKL)
        let raw = zip(members, logits).enumerated().map { index, pair -> Float in
            let weight = mixture.weights[index]
            switch mixture.weighting {
            case .fixed: return weight
            case .accuracy: return weight * pair.0.view(of: pair.1, for: plain)[target]
            case .confidence:
                let p = pair.0.view(of: pair.1, for: plain)
                // H = ln Σ exp(z − max) + max − E[z].
                let sum = LogSumExp(pair.1, count: vocabulary)
                let mean = dotProduct(p, pair.1, count: vocabulary)
                return weight * exp(-(sum.logSum + sum.maximum - mean))
            }
        }
        // Where every teacher gives the token a probability of 0, none dominates.
        let sum = max(raw.reduce(0, +), smallestProbability)
        return raw.map { $0 / sum }
    }
}
