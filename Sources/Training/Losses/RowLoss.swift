import Foundation
import Signals
import Tensors

// V vocabulary. One row: the student's logits at one position.

/// Evaluates an objective and its gradient at one position.
///
/// Each thread has its own and uses it for many rows; the buffers are of size V.
struct RowLoss {
    let terms: [WeightedLoss]
    let vocabulary: Int
    let teacherVocabulary: Int
    private let student: RowDistribution
    private let teacher: RowMixture
    private let gradient: Tensor
    /// The gradient of one term, where there are several or it goes through standardized logits.
    private let termGradient: Tensor
    private let scratch: LossScratch
    /// p, q and ∂L/∂z of top-k's k + 1 outcomes: three rows.
    private let coarse: Tensor

    /// - Parameters:
    ///   - teacherVocabulary: V of the teacher, where it differs
    ///   - mixture: of the teachers whose logits are given for each row
    ///   - entries: the largest number of entries of a top-k signal's position
    init(
        terms: [WeightedLoss], vocabulary: Int, teacherVocabulary: Int? = nil, mixture: TeacherMixture = .one,
        entries: Int = 0
    ) {
        self.terms = terms
        self.vocabulary = vocabulary
        self.teacherVocabulary = teacherVocabulary ?? vocabulary
        student = RowDistribution(vocabulary: vocabulary)
        teacher = RowMixture(mixture, vocabulary: self.teacherVocabulary)
        gradient = Tensor(shape: [vocabulary])
        termGradient = Tensor(shape: [vocabulary])
        scratch = LossScratch(vocabulary: max(vocabulary, self.teacherVocabulary, entries + 1))
        coarse = Tensor(shape: [3, entries + 1])
    }

    /// The teacher's signal at this row.
    enum Teacher {
        case none
        /// The logits of each teacher.
        case dense(logits: [UnsafeMutablePointer<Float>])
        case sparse(SparseSignal, position: Int)
    }

    /// Output buffers, one value for each term: its loss, unweighted, and the squared norm of its part of the gradient.
    struct Report {
        var losses: UnsafeMutablePointer<Float>
        var squaredNorms: UnsafeMutablePointer<Float>
    }

    /// Replaces the logits by `scale` times the gradient of the objective, and reports each term.
    ///
    /// - Parameters:
    ///   - logits: V values
    ///   - target: the next token, for the cross-entropy
    ///   - drawn: how it was sampled, where the student sampled it
    ///   - report: one value for each term in each of its buffers
    func evaluate(
        logits: UnsafeMutablePointer<Float>, target: Int32, drawn: DrawnToken? = nil,
        teacher signal: Teacher, scale: Float, report: Report
    ) {
        gradient.fill(0)
        student.begin()
        teacher.begin()
        for (index, term) in terms.enumerated() {
            let isAlone = terms.count == 1 && !term.loss.standardizesLogits
            let out = isAlone ? gradient : termGradient
            if !isAlone { out.fill(0) }
            report.losses[index] = evaluate(
                term, logits: logits, target: target, drawn: drawn, teacher: signal,
                factor: scale * term.gradientFactor, into: out)
            report.squaredNorms[index] = Float(kernels.sum_of_squares(out.pointer, vocabulary))
            if !isAlone { kernels.add(out.pointer, gradient.pointer, vocabulary) }
        }
        logits.update(from: gradient.pointer, count: vocabulary)
    }

    /// Adds factor · ∂L/∂(z/T) to `out`; returns L.
    private func evaluate(
        _ term: WeightedLoss, logits: UnsafeMutablePointer<Float>, target: Int32, drawn: DrawnToken?,
        teacher signal: Teacher, factor: Float, into out: Tensor
    ) -> Float {
        let loss = term.loss
        let view = student.view(of: logits, for: loss)
        var row = LossRow(
            loss: loss, count: vocabulary, q: view, p: view, teacherCount: vocabulary, target: Int(target),
            drawn: drawn, gradient: out.pointer, factor: factor, scratch: scratch)
        switch (loss.kind.input, signal) {
        case (.target, _), (.drawnToken, _): return loss.kind.evaluate(row)
        case (_, .dense(let teacherLogits)):
            precondition(!loss.renormalizes, "\(loss.name): a whole distribution sums to 1 already")
            row.p = teacher.view(of: teacherLogits, for: loss, target: Int(target))
            row.teacherCount = teacherVocabulary
            let value = loss.kind.evaluate(row)
            if loss.standardizesLogits { student.differentiateStandardization(out.pointer) }
            return value
        case (_, .sparse(let sparse, let position)):
            switch sparse.kind {
            case .topK:
                return loss.renormalizes
                    ? renormalized(row, sparse, position: position) : topK(row, sparse, position: position)
            case .sampled: return sampled(row, sparse, position: position)
            }
        case (_, .none): preconditionFailure("\(loss.name) needs a teacher")
        }
    }

    /// A divergence over the k stored tokens and one tail bucket: the student is normalized over the whole vocabulary, and its
    /// mass outside the k tokens is compared with the teacher's.
    ///
    /// With d the gradient over the k + 1 outcomes, a token in the tail moves by d_tail · q / q_tail.
    private func topK(_ row: LossRow, _ signal: SparseSignal, position: Int) -> Float {
        let entries = signal.offsets[position]..<signal.offsets[position + 1]
        let k = entries.count
        let (q, g) = (row.q, row.gradient)
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
        var outcomes = row
        (outcomes.count, outcomes.teacherCount) = (k + 1, k + 1)
        (outcomes.p, outcomes.q, outcomes.gradient) = (coarseP, coarseQ, d)
        let value = row.loss.kind.evaluate(outcomes)
        kernels.add_scaled(q, d[k] / tail, g, vocabulary)
        for (slot, entry) in entries.enumerated() {
            let id = Int(signal.ids[entry])
            g[id] += d[slot]
            q[id] = coarseQ[slot]
        }
        return value
    }

    /// A divergence over the k stored tokens alone, with both sides scaled to sum to 1. Logits of all other tokens have no
    /// gradient.
    private func renormalized(_ row: LossRow, _ signal: SparseSignal, position: Int) -> Float {
        let entries = signal.offsets[position]..<signal.offsets[position + 1]
        let (p, q, d) = (coarse.pointer(row: 0), coarse.pointer(row: 1), coarse.pointer(row: 2))
        for (slot, entry) in entries.enumerated() {
            p[slot] = max(signal.weights[entry], smallestProbability)
            q[slot] = row.q[Int(signal.ids[entry])]
            d[slot] = 0
        }
        for side in [p, q] { kernels.scale(side, 1 / kernels.sum(side, entries.count), entries.count) }
        var outcomes = row
        (outcomes.count, outcomes.teacherCount) = (entries.count, entries.count)
        (outcomes.p, outcomes.q, outcomes.gradient) = (p, q, d)
        let value = row.loss.kind.evaluate(outcomes)
        for (slot, entry) in entries.enumerated() { row.gradient[Int(signal.ids[entry])] += d[slot] }
        return value
    }

    /// Forward KL from unbiased weights: ∂L/∂z = q − w, E[w] = p (arXiv 2503.16870).
    private func sampled(_ row: LossRow, _ signal: SparseSignal, position: Int) -> Float {
        let (q, g) = (row.q, row.gradient)
        kernels.add_scaled(q, row.factor, g, vocabulary)
        var crossEntropy: Float = 0
        for entry in signal.offsets[position]..<signal.offsets[position + 1] {
            let id = Int(signal.ids[entry])
            g[id] -= row.factor * signal.weights[entry]
            crossEntropy -= signal.weights[entry] * safeLog(q[id])
        }
        return crossEntropy - signal.entropies[position]
    }
}
