import Foundation
import Signals
import Tensors
import Transformer

/// Measures the angle, in degrees, between the gradients of the run's objective and of the dense forward KL, with respect to all
/// of the student's weights, on the same batches.
///
/// With a biased signal the angle does not vanish as batches grow; with an unbiased one it does.
public struct GradientAngle {
    /// Computes the whole distributions.
    public let teacher: DecoderModel
    /// Steps between two measurements.
    public let interval: Int

    /// - Parameters:
    ///   - teacher: computes the whole distributions
    ///   - interval: steps between two measurements
    public init(to teacher: DecoderModel, interval: Int = 50) {
        precondition(interval > 0, "an interval of \(interval) steps")
        self.teacher = teacher
        self.interval = interval
    }

    /// The gradient of the forward KL from the teacher's whole distributions, averaged over all positions of a step.
    ///
    /// - Parameter used: the student as it is trained, with fake-quantized weights in quantization-aware training; called on
    ///   the tape
    func dense(
        _ student: DecoderModel, used: () -> DecoderModel, _ batches: [TrainingBatch], temperature: Float
    ) -> [Tensor] {
        let loss = HeadLoss([WeightedLoss(.forwardKL(temperature: temperature))])
        let targets = batches.reduce(0) { $0 + $1.targets.count }
        for batch in batches where !batch.targets.isEmpty {
            let signal = TeacherSignal.dense(
                hidden: teacher.frozenHiddenStates(batch.teacherTokens, at: batch.teacherPositions),
                head: teacher.head)
            let (objective, tape) = Tape.record {
                let used = used()
                return loss(
                    hidden: gatherRows(used.hiddenStates(batch.tokens), at: batch.positions),
                    head: used.head, targets: batch.targets, teacher: signal, scale: 1 / Float(targets)
                ).objective
            }
            tape.backward(from: objective)
        }
        defer { for (_, tensor) in student.parameters { tensor.gradient = nil } }
        return Self.gradients(of: student)
    }

    /// The gradients of all weights; zeros where there is none.
    static func gradients(of student: DecoderModel) -> [Tensor] {
        student.parameters.map { $0.tensor.gradient ?? .zeros($0.tensor.shape) }
    }

    /// acos(a · b / (‖a‖ ‖b‖)) in degrees over all pairs of tensors; nil where one side is zero.
    static func degrees(_ a: [Tensor], _ b: [Tensor]) -> Double? {
        precondition(a.map(\.count) == b.map(\.count), "gradients of the same weights")
        var (dot, squares) = (0.0, (0.0, 0.0))
        for (a, b) in zip(a, b) {
            a.withUnsafeFloats { a in
                b.withUnsafeFloats { b in
                    for i in a.indices {
                        let (x, y) = (Double(a[i]), Double(b[i]))
                        dot += x * y
                        squares.0 += x * x
                        squares.1 += y * y
                    }
                }
            }
        }
        let length = (squares.0 * squares.1).squareRoot()
        return length > 0 ? acos(min(1, max(-1, dot / length))) * 180 / .pi : nil
    }
}
