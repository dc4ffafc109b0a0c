import Signals
import Support
import Tensors
import Transformer

// M positions before targets, C width, V vocabulary.

/// The head's projection, softmax, losses and their gradients, fused over chunks of positions, so that memory does not
/// grow with M × V.
///
///     let loss = HeadLoss([WeightedLoss(.crossEntropy)])
///     let (objective, tape) = Tape.record {
///         loss(hidden: hidden, head: model.head, targets: batch.targets, teacher: nil, scale: 1 / count).objective
///     }
public struct HeadLoss {
    /// The terms of the objective, at least one.
    public let terms: [WeightedLoss]

    /// - Parameter terms: at least one
    public init(_ terms: [WeightedLoss]) {
        precondition(!terms.isEmpty, "an objective has at least one loss")
        self.terms = terms
    }

    /// The value of an objective over M positions.
    public struct Result {
        /// A scalar on the tape.
        public let objective: Tensor
        /// Each term's mean over the positions, unweighted.
        public let means: [Double]
        /// For each term, Σ over positions of the squared norm of its part of ∂objective/∂logits, weight and scale included.
        public let squaredGradientNorms: [Double]
    }

    /// The objective over M positions, recorded on the tape.
    ///
    /// Gradients are computed together with the losses, while the logits are in memory; the tape's backward pass only passes
    /// the gradient of `hidden` on.
    ///
    /// - Parameters:
    ///   - hidden: [M, C], the student's final hidden states at the positions before targets
    ///   - head: [V, C]
    ///   - targets: the M tokens that follow those positions
    ///   - drawn: how the targets were sampled, where the student sampled them and a loss reads it
    ///   - teacher: the teacher's distributions there; nil when no term needs them
    ///   - scale: factor of the sum over positions: 1 / M for the mean, less when a step has several batches
    public func callAsFunction(
        hidden: Tensor, head: OutputHead, targets: [Int32], drawn: [DrawnToken]? = nil,
        teacher: TeacherSignal?, scale: Float
    ) -> Result {
        precondition(drawn == nil || drawn!.count == targets.count, "every target was drawn")
        precondition(hidden.rows == targets.count, "\(hidden.rows) positions have \(targets.count) targets")
        if case .sparse(let signal)? = teacher {
            precondition(
                signal.positions == hidden.rows, "\(signal.positions) signals for \(hidden.rows) positions")
            for term in terms {
                if let problem = signal.problem(with: term.loss) { preconditionFailure(problem) }
            }
        }
        let weight = head.weight
        let wantsGradients = Tape.records(hidden, weight)
        let dhidden = wantsGradients ? Tensor(shape: hidden.shape) : nil
        let reports = (0..<2).map { _ in Tensor(shape: [max(hidden.rows, 1), terms.count]) }
        let teacherLogits = teacherBuffers(teacher, student: head, rows: hidden.rows)

        LogitsChunks.forEach(hidden: hidden, head: head) { rows, logits in
            for (member, buffer) in zip(teacher?.members ?? [], teacherLogits) {
                member.head.project(
                    member.hidden.matrix(rows: rows), into: buffer.matrix(rows: 0..<rows.count))
            }
            evaluate(
                rows: rows, logits: logits, targets: targets, drawn: drawn, teacher: teacher,
                teacherLogits: teacherLogits, scale: scale, softCap: head.softCap, reports: reports)
            guard let dhidden else { return }
            MatrixProduct.multiply(logits, weight.matrix, into: dhidden.matrix(rows: rows))
            weight.gradientSlot?.accumulate(shape: weight.shape) { dhead, beta in
                MatrixProduct.multiply(
                    logits.transposed, hidden.matrix(rows: rows), into: dhead.matrix, beta: beta)
            }
        }

        let sums = columnSums(reports[0], rows: hidden.rows)
        let value = zip(terms, sums).reduce(0.0) { $0 + Double($1.0.factor) * $1.1 } * Double(scale)
        let objective = Tensor(shape: [], values: [Float(value)])
        if let dhidden {
            Tape.append(output: objective, inputs: [hidden, weight]) { seed in
                precondition(seed.values == [1], "the objective is the last operation")
                hidden.gradientSlot?.adopt(dhidden)
            }
        }
        return Result(
            objective: objective, means: sums.map { $0 / Double(max(hidden.rows, 1)) },
            squaredGradientNorms: columnSums(reports[1], rows: hidden.rows))
    }

    /// A buffer for a chunk of each teacher's logits; none for sparse signals.
    private func teacherBuffers(_ teacher: TeacherSignal?, student: OutputHead, rows: Int) -> [Tensor] {
        let members = teacher?.members ?? []
        for (hidden, head) in members {
            precondition(
                hidden.rows == rows, "teacher and student share \(rows) positions, not \(hidden.rows)")
            precondition(head.rows == members[0].head.rows, "teachers share a vocabulary")
            for term in terms where term.loss.needsTeacher && term.loss.kind.input != .wholeDistributions {
                precondition(
                    head.rows == student.rows,
                    "\(term.loss.name) needs one vocabulary: \(head.rows) pieces against \(student.rows)")
            }
        }
        return members.map { _, head in
            Tensor(shape: [LogitsChunks.rows(of: student), head.rows])
        }
    }

    /// Turns the chunk's logits into gradients, on all threads.
    private func evaluate(
        rows: Range<Int>, logits: MatrixView, targets: [Int32], drawn: [DrawnToken]?,
        teacher: TeacherSignal?, teacherLogits: [Tensor], scale: Float, softCap: Float?, reports: [Tensor]
    ) {
        // Rows per task: few enough to spread over threads, enough that scratch buffers are allocated rarely.
        Parallel.forRanges(of: rows.count, grain: 16) { range in
            let rowLoss = RowLoss(
                terms: terms, vocabulary: logits.columns, teacherVocabulary: teacherLogits.first?.width,
                mixture: teacher?.mixture ?? .one, entries: teacher?.mostEntries ?? 0)
            let capped = softCap.map { _ in Tensor(shape: [logits.columns]) }
            for row in range {
                let position = rows.lowerBound + row
                let signal: RowLoss.Teacher =
                    switch teacher {
                    case nil: .none
                    case .dense, .mixture: .dense(logits: teacherLogits.map { $0.pointer(row: row) })
                    case .sparse(let sparse): .sparse(sparse, position: position)
                    }
                let z = logits.pointer + row * logits.stride
                capped?.pointer.update(from: z, count: logits.columns)
                rowLoss.evaluate(
                    logits: z, target: targets[position], drawn: drawn?[position], teacher: signal,
                    scale: scale,
                    report: RowLoss.Report(
                        losses: reports[0].pointer(row: position),
                        squaredNorms: reports[1].pointer(row: position)))
                if let softCap, let capped {
                    kernels.soft_cap_backward(capped.pointer, z, logits.columns, softCap)
                }
            }
        }
    }

    private func columnSums(_ report: Tensor, rows: Int) -> [Double] {
        report.withUnsafeFloats { values in
            terms.indices.map { term in
                (0..<rows).reduce(0.0) { $0 + Double(values[$1 * terms.count + term]) }
            }
        }
    }
}
