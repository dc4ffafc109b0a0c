import Foundation
import TestSupport
import Tensors
import Testing

@testable import Distillation

/// Equal models, sure models, and models that are sure of opposite things.
@Suite struct RowLossExtremesTests {
    /// −ln of the smallest normal Float32: no logarithm of a probability is beyond it.
    private let limit = -log(Double(Float.leastNormalMagnitude))

    @Test(arguments: everyDivergence)
    func vanishesOnEqualModels(loss: Loss) {
        for (size, deviation) in [(2, 1), (33, 0.1), (100, 4), (100, 30)] as [(Int, Float)] {
            let z = Fixture.normal(size, deviation: deviation)
            let exact = z.map(Double.init)
            let temperature = Double(loss.temperature)
            for teacher in [
                PlainTeacher.dense(logits: exact), .top(1, of: exact, temperature: temperature),
                .top(size / 2, of: exact, temperature: temperature),
                .top(size, of: exact, temperature: temperature),
            ] {
                let (losses, gradient, _) = evaluateRow([.init(loss)], logits: z, teacher: teacher)
                // A sum of logarithms of size up to 87, each weighted by its probability and right to 2 ulp.
                #expect(losses[0].magnitude <= 2e-6)
                #expect(
                    gradient.allSatisfy { $0.magnitude <= 4e-6 }, "\(size) tokens, deviation \(deviation)")
            }
        }
    }

    @Test(arguments: everyWholeLoss)
    func wholeLossesVanishOnEqualModels(loss: Loss) {
        let z = Fixture.normal(100, deviation: 4)
        let (losses, gradient, norms) = evaluateRow(
            [.init(loss)], logits: z, teacher: .dense(logits: z.map(Double.init)))
        #expect(losses[0].magnitude <= 2e-6 && norms[0] <= 1e-10)
        #expect(gradient.allSatisfy { $0.magnitude <= 4e-6 })
    }

    @Test func aDenseKLOfEqualModelsIsExactlyZero() {
        let z = Fixture.normal(100, deviation: 4)
        for loss in [Loss.forwardKL(temperature: 1), .forwardKL(temperature: 2), .reverseKL(temperature: 2)] {
            let result = evaluateRow([.init(loss)], logits: z, teacher: .dense(logits: z.map(Double.init)))
            #expect(result.losses == [0])
            #expect(result.gradient.allSatisfy { $0 == 0 })
        }
    }

    /// Teacher and student each sure of another token: 100 / T nats apart, above `limit` at T = 1.
    @Test(arguments: [.crossEntropy] + everyDivergence)
    func sureOfOppositeThings(loss: Loss) {
        for size in [2, 37] {
            var student = [Float](repeating: -50, count: size)
            var teacher = student.map(Double.init)
            (student[1], teacher[0]) = (50, 50)
            for signal in [
                PlainTeacher.dense(logits: teacher),
                .top(1, of: teacher, temperature: Double(loss.temperature)),
            ] {
                let (losses, gradient, _) = evaluateRow([.init(loss)], logits: student, teacher: signal)
                let exact = Reference.loss(
                    loss, logits: student.map(Double.init), target: 0, teacher: signal)
                // A corner of α-β divides the logarithm by its exponent.
                let corner =
                    loss.parameters.filter { $0.value == 0 }.isEmpty
                    ? nil : loss.parameters["alpha"].map { $0 + loss.parameters["beta"]! }
                let limit = limit / Double(corner ?? 1)
                // At the limit the smallest exp is 0.006 away from the smallest normal number, in logarithm.
                let isClipped = exact > limit
                expectClose(
                    losses, [min(exact, limit)], relative: isClipped ? 1e-4 : 1e-5, absolute: 1e-6,
                    "\(size) tokens")
                #expect(gradient.allSatisfy { $0.isFinite })
                switch loss.kind {
                case .crossEntropy, .forwardKL:
                    // The gradient does not clip: q − p, T times.
                    let expected: [Float] = (0..<size).map { $0 == 0 ? -1 : $0 == 1 ? 1 : 0 }
                    expectClose(
                        gradient, expected.map { Double($0 * loss.temperature) }, relative: 1e-6,
                        absolute: 1e-6)
                case .reverseKL, .totalVariation, .skewForwardKL, .skewReverseKL:
                    // A sure student does not move: q (1 − q) is nearly 0.
                    #expect(gradient.allSatisfy { $0.magnitude <= 1e-5 })
                default: break
                }
            }
        }
    }

    /// A teacher so sure that 1 − Σ p is rounding: only a tail stored apart keeps the reverse KL right.
    @Test func aThinTailKeepsItsSize() {
        var teacher = [Double](repeating: 0, count: 33)
        teacher[4] = 23
        let student = Fixture.normal(33)
        let signal = PlainTeacher.top(1, of: teacher, temperature: 1)
        guard case .topK(_, let probabilities, let tail) = signal else { return }
        #expect(Float(probabilities[0]) == 1 && tail > 1e-9 && tail < 1e-8)
        let (losses, _, _) = evaluateRow(
            [.init(.reverseKL(temperature: 1))], logits: student, teacher: signal)
        let exact = Reference.loss(
            .reverseKL(temperature: 1), logits: student.map(Double.init), target: 0, teacher: signal)
        expectClose(losses, [exact], relative: 5e-6)
    }

    @Test func aConstantAddedToAllLogitsChangesNothing() {
        let (z, teacher) = (Fixture.normal(33, seed: 1), Fixture.normal(33, seed: 2).map(Double.init))
        let terms = everyLoss.filter { $0 != .logitMSE }.map { WeightedLoss($0) }
        let plain = evaluateRow(terms, logits: z, teacher: .dense(logits: teacher))
        let moved = evaluateRow(
            terms, logits: z.map { $0 + 64 }, teacher: .dense(logits: teacher.map { $0 - 64 }))
        // Adding 64 rounds a logit at 4e-6.
        expectClose(moved.losses, plain.losses.map(Double.init), relative: 2e-5, absolute: 2e-5)
        expectClose(moved.gradient, plain.gradient.map(Double.init), relative: 1e-4, absolute: 1e-4)
    }
}
