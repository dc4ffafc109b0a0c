import Foundation
import Signals
import Tensors

/// One row of one or several teachers' logits as a loss wants to see it.
final class RowMixture {
    private let mixture: TeacherMixture
    private let members: [RowDistribution]
    private let vocabulary: Int
    /// What the members' rows come to: probabilities, or logits that `combined` looks at.
    private let mixed: Tensor
    private let combined: RowDistribution
    /// The members' shares at this row, once known; they sum to 1.
    private var shares: [Float]?
    private var hasMixedLogits = false

    init(_ mixture: TeacherMixture, vocabulary: Int) {
        self.mixture = mixture
        self.vocabulary = vocabulary
        members = mixture.weights.map { _ in RowDistribution(vocabulary: vocabulary) }
        mixed = Tensor(shape: [vocabulary])
        combined = RowDistribution(vocabulary: vocabulary)
    }

    /// Another row's logits come next.
    func begin() {
        shares = nil
        hasMixedLogits = false
        combined.begin()
        for member in members { member.begin() }
    }

    /// - Parameters:
    ///   - logits: V values of each teacher
    ///   - target: the token that follows
    /// - Returns: V values that hold until the next call
    func view(of logits: [UnsafeMutablePointer<Float>], for loss: Loss, target: Int) -> UnsafeMutablePointer<
        Float
    > {
        guard logits.count > 1 else { return members[0].view(of: logits[0], for: loss) }
        let shares = shares ?? share(logits, target: target)
        self.shares = shares
        if mixture.space == .probabilities, loss.kind.input != .logits {
            mixed.fill(0)
            for (index, member) in members.enumerated() {
                kernels.add_scaled(
                    member.view(of: logits[index], for: loss), shares[index], mixed.pointer, vocabulary)
            }
            // The buffer no longer holds logits.
            hasMixedLogits = false
            combined.begin()
            return mixed.pointer
        }
        if !hasMixedLogits {
            mixLogits(logits, shares)
            hasMixedLogits = true
        }
        return combined.view(of: mixed.pointer, for: loss)
    }

    /// Σ w_i z_i, or for a mixture of probabilities the logits it has: ln Σ w_i p_i.
    private func mixLogits(_ logits: [UnsafeMutablePointer<Float>], _ shares: [Float]) {
        mixed.fill(0)
        for (index, row) in logits.enumerated() {
            let plain = Loss(.forwardKL)
            let source =
                mixture.space == .logits
                ? UnsafePointer(row) : UnsafePointer(members[index].view(of: row, for: plain))
            kernels.add_scaled(source, shares[index], mixed.pointer, vocabulary)
        }
        if mixture.space == .probabilities { kernels.logarithm(mixed.pointer, mixed.pointer, vocabulary) }
    }

    private func share(_ logits: [UnsafeMutablePointer<Float>], target: Int) -> [Float] {
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
        // Where no teacher gives the token any chance, all of them count alike.
        let sum = max(raw.reduce(0, +), smallestProbability)
        return raw.map { $0 / sum }
    }
}
