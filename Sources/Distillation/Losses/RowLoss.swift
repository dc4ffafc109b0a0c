import Foundation
import Tensors

// V vocabulary. One row: the student's logits at one position.

/// Evaluates an objective and its gradient at one position.
///
/// A thread owns one and uses it for many rows; the buffers are of size V.
struct RowLoss {
    let terms: [WeightedLoss]
    let vocabulary: Int
    private let student: Tensor
    private let teacher: Tensor
    private let gradient: Tensor
    private let scratch: Tensor
    /// p, q and ∂L/∂z of top-k's k + 1 outcomes: three rows.
    private let coarse: Tensor

    /// - Parameter entries: the most entries a position of a top-k signal has
    init(terms: [WeightedLoss], vocabulary: Int, entries: Int = 0) {
        self.terms = terms
        self.vocabulary = vocabulary
        student = Tensor(shape: [vocabulary])
        teacher = Tensor(shape: [vocabulary])
        gradient = Tensor(shape: [vocabulary])
        scratch = Tensor(shape: [vocabulary])
        coarse = Tensor(shape: [3, entries + 1])
    }

    /// The teacher at this row.
    enum Teacher {
        case none
        case dense(logits: UnsafeMutablePointer<Float>)
        case sparse(SparseSignal, position: Int)
    }

    /// Replaces the logits by `scale` times the gradient of the objective, and writes each term's loss, without weight.
    ///
    /// - Parameters:
    ///   - logits: V values
    ///   - target: the token that follows, for the cross-entropy
    ///   - losses: one value for each term
    func evaluate(
        logits: UnsafeMutablePointer<Float>, target: Int32, teacher signal: Teacher, scale: Float,
        losses: UnsafeMutablePointer<Float>
    ) {
        let (q, g) = (student.pointer, gradient.pointer)
        gradient.fill(0)
        var current: Float = 0
        for (index, term) in terms.enumerated() {
            let temperature = term.loss.temperature
            if temperature != current {
                Self.softmax(logits, temperature: temperature, into: q, count: vocabulary)
                current = temperature
            }
            let factor = scale * term.gradientFactor
            switch (term.loss, signal) {
            case (.crossEntropy, _):
                losses[index] = -safeLog(q[Int(target)])
                kernels.add_scaled(q, factor, g, vocabulary)
                g[Int(target)] -= factor
            case (_, .dense(let teacherLogits)):
                Self.softmax(
                    teacherLogits, temperature: temperature, into: teacher.pointer, count: vocabulary)
                losses[index] = divergence(
                    term.loss, p: teacher.pointer, q: q, into: g, count: vocabulary, factor: factor)
            case (_, .sparse(let sparse, let position)):
                switch sparse.kind {
                case .topK: losses[index] = topK(term.loss, sparse, position: position, factor: factor)
                case .sampled: losses[index] = sampled(sparse, position: position, factor: factor)
                }
            case (_, .none):
                preconditionFailure("\(term.loss.name) needs a teacher")
            }
        }
        logits.update(from: g, count: vocabulary)
    }

    /// Adds factor · ∂L/∂(z/T) to `gradient` for distributions over `count` outcomes; returns L.
    private func divergence(
        _ loss: Loss, p: UnsafePointer<Float>, q: UnsafePointer<Float>,
        into gradient: UnsafeMutablePointer<Float>,
        count: Int, factor: Float
    ) -> Float {
        switch loss {
        case .crossEntropy: preconditionFailure("cross-entropy is no divergence")
        case .forwardKL: kernels.forward_kl(p, q, gradient, count, factor)
        case .reverseKL: kernels.reverse_kl(p, q, gradient, count, factor)
        case .jensenShannon(let beta, _):
            kernels.jensen_shannon(p, q, gradient, scratch.pointer, count, beta, factor)
        }
    }

    /// A divergence over the k kept tokens and one tail bucket: the student is normalised over the whole vocabulary
    /// and its mass outside the k tokens answers for the teacher's.
    ///
    /// With d the gradient over the k + 1 outcomes, a token in the tail moves by d_tail · q / q_tail.
    private func topK(_ loss: Loss, _ signal: SparseSignal, position: Int, factor: Float) -> Float {
        let entries = signal.offsets[position]..<signal.offsets[position + 1]
        let k = entries.count
        let (q, g) = (student.pointer, gradient.pointer)
        let (coarseP, coarseQ, d) = (coarse.pointer(row: 0), coarse.pointer(row: 1), coarse.pointer(row: 2))
        for (slot, entry) in entries.enumerated() {
            let id = Int(signal.ids[entry])
            coarseP[slot] = max(signal.weights[entry], smallestProbability)
            coarseQ[slot] = q[id]
            q[id] = 0
            d[slot] = 0
        }
        // Summed without the k tokens rather than as 1 − Σ, which cancels when the tail is thin.
        let tail = max(kernels.sum(q, vocabulary), smallestProbability)
        coarseP[k] = max(signal.tails[position], smallestProbability)
        coarseQ[k] = tail
        d[k] = 0
        let value = divergence(loss, p: coarseP, q: coarseQ, into: d, count: k + 1, factor: factor)
        kernels.add_scaled(q, d[k] / tail, g, vocabulary)
        for (slot, entry) in entries.enumerated() {
            let id = Int(signal.ids[entry])
            g[id] += d[slot]
            q[id] = coarseQ[slot]
        }
        return value
    }

    /// Forward KL from unbiased weights: ∂L/∂z = q − w, E[w] = p (arXiv 2503.16870).
    private func sampled(_ signal: SparseSignal, position: Int, factor: Float) -> Float {
        let (q, g) = (student.pointer, gradient.pointer)
        kernels.add_scaled(q, factor, g, vocabulary)
        var crossEntropy: Float = 0
        for entry in signal.offsets[position]..<signal.offsets[position + 1] {
            let id = Int(signal.ids[entry])
            g[id] -= factor * signal.weights[entry]
            crossEntropy -= signal.weights[entry] * safeLog(q[id])
        }
        return crossEntropy - signal.entropies[position]
    }

    private static func softmax(
        _ logits: UnsafePointer<Float>, temperature: Float, into p: UnsafeMutablePointer<Float>, count: Int
    ) {
        var (maximum, logSum): (Float, Float) = (0, 0)
        kernels.log_sum_exp(logits, count, 1 / temperature, &maximum, &logSum)
        kernels.softmax(logits, p, count, 1 / temperature, maximum, logSum)
    }
}

/// Below it a probability is treated as this: the smallest normal Float32, which is also where our exp ends.
private let smallestProbability = Float.leastNormalMagnitude

private func safeLog(_ probability: Float) -> Float { log(max(probability, smallestProbability)) }
