import Foundation
import TestSupport
import Testing

@testable import Training

/// Losses that a program adds: their gradients are those of what they read, by finite differences.
@Suite struct CustomLossTests {
    /// Σ huber(z_student − z_teacher), and its derivative with respect to the student's logit.
    private static let logitHuber = LossKind.ofLogits(
        name: "logit_huber", summary: "Huber loss between logits.",
        parameters: [.init("delta", in: 0.1...10, standard: 1, "Where it becomes linear.")]
    ) { row in
        let delta = row["delta"]
        return row.pointwise { teacher, student in
            let gap = student - teacher
            return abs(gap) <= delta
                ? (0.5 * gap * gap, gap) : (delta * (abs(gap) - 0.5 * delta), gap < 0 ? -delta : delta)
        }
    }

    private static let hellinger = LossKind(name: "hellinger", summary: "½ Σ (√p − √q)².") { row in
        row.pointwise { p, q in
            let gap = q.squareRoot() - p.squareRoot()
            return (0.5 * gap * gap, 0.5 * gap / q.squareRoot())
        }
    }

    private func softmax(_ z: [Double]) -> [Double] {
        let maximum = z.max()!
        let exponentials = z.map { exp($0 - maximum) }
        return exponentials.map { $0 / exponentials.reduce(0, +) }
    }

    @Test func aLossOfLogitsHasTheGradientOfLogits() {
        let kind = Self.logitHuber
        #expect(kind.needsTeacher && !kind.hasTemperature)
        for size in [2, 9, 40] {
            let student = Fixture.normal(size, deviation: 2, seed: 1)
            let teacher = Fixture.normal(size, deviation: 2, seed: 2).map(Double.init)
            let (losses, gradient, _) = evaluateRow(
                [WeightedLoss(Loss(kind, parameters: ["delta": 0.8]))], logits: student,
                teacher: .dense(logits: teacher))
            func value(_ z: [Double]) -> Double {
                zip(z, teacher).reduce(0) { sum, pair in
                    let gap = abs(pair.0 - pair.1)
                    return sum + (gap <= 0.8 ? 0.5 * gap * gap : 0.8 * (gap - 0.4))
                }
            }
            let z = student.map(Double.init)
            expectClose(losses, [value(z)], relative: 1e-5)
            let numerical = centralDifferences(at: [z], input: 0, step: 1e-6) { value($0[0]) }
            expectClose(gradient, numerical, relative: 1e-4, absolute: 1e-5)
            // A softmax Jacobian would make the row sum to 0.
            #expect(abs(gradient.reduce(0, +)) > 0.1)
        }
    }

    @Test func aLossOfProbabilitiesGoesThroughTheSoftmax() {
        let student = Fixture.normal(30, deviation: 2, seed: 3)
        let teacher = Fixture.normal(30, deviation: 2, seed: 4).map(Double.init)
        let (losses, gradient, _) = evaluateRow(
            [WeightedLoss(Loss(Self.hellinger))], logits: student, teacher: .dense(logits: teacher))
        let p = softmax(teacher)
        func value(_ z: [Double]) -> Double {
            zip(p, softmax(z)).reduce(0) { $0 + 0.5 * pow($1.1.squareRoot() - $1.0.squareRoot(), 2) }
        }
        let z = student.map(Double.init)
        expectClose(losses, [value(z)], relative: 1e-5)
        let numerical = centralDifferences(at: [z], input: 0, step: 1e-4) { value($0[0]) }
        expectClose(gradient, numerical, relative: 1e-4, absolute: 1e-6)
    }

    @Test func signalsWithoutLogitsAreRefused() {
        #expect(Self.logitHuber.problem(withSignals: .topK(k: 5))?.contains("hold no logits") == true)
        #expect(Self.hellinger.problem(withSignals: .topK(k: 5)) == nil)
        #expect(Self.hellinger.problem(withSignals: .sampled(head: 1, draws: 5)) != nil)
    }
}
