import Foundation
import TestSupport
import Tensors
import Testing

@testable import Training

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

    /// Faults found, line 13: T² times a divergence of about 1/T² is no rounding noise.
    @Test(arguments: [8, 100, 1000, 10_000] as [Float])
    func highTemperatures(temperature: Float) {
        let kinds: [Loss] = [
            .forwardKL(temperature: temperature), .reverseKL(temperature: temperature),
            .jensenShannon(beta: 0.5, temperature: temperature),
            .jensenShannon(beta: 0.1, temperature: temperature),
            .jensenShannon(beta: 1, temperature: temperature),
            .skewForwardKL(temperature: temperature), .skewReverseKL(alpha: 0.3, temperature: temperature),
            .alphaBeta(alpha: 0.2, beta: 0.7, temperature: temperature),
            .alphaBeta(alpha: 1, beta: 0, temperature: temperature),
            .adaptiveKL(temperature: temperature), .totalVariation(temperature: temperature),
            .universalLogit(temperature: temperature),
        ]
        for (size, deviation) in [(33, 1), (997, 4)] as [(Int, Float)] {
            let student = Fixture.normal(size, deviation: deviation, seed: 1)
            let teacher = Fixture.normal(size, deviation: deviation, seed: 2).map(Double.init)
            for loss in kinds {
                let (losses, gradient, _) = evaluateRow(
                    [.init(loss)], logits: student, teacher: .dense(logits: teacher))
                let z = student.map(Double.init)
                let exact = Reference.loss(loss, logits: z, target: 0, teacher: .dense(logits: teacher))
                expectClose(losses, [exact], relative: 1e-2, "\(loss), \(size) tokens")
                let t2 = temperature * temperature
                #expect(losses[0] * t2 >= 0)
                // Along the gradient the objective rises by its squared length.
                guard ![.totalVariation, .universalLogit, .adaptiveKL].contains(loss.kind) else { continue }
                let length = gradient.reduce(0) { $0 + Double($1) * Double($1) }
                let step = 1e-3 * Double(temperature) / length.squareRoot()
                let ends = [step, -step].map { step in
                    Reference.loss(
                        loss, logits: zip(z, gradient).map { $0 + step * Double($1) }, target: 0,
                        teacher: .dense(logits: teacher))
                }
                let rise = Double(t2) * (ends[0] - ends[1]) / (2 * step)
                #expect(abs(rise - length) <= 2e-2 * length, "\(loss): \(rise) against \(length)")
            }
            let equal = evaluateRow(
                kinds.map { WeightedLoss($0) }, logits: student,
                teacher: .dense(logits: student.map(Double.init)))
            #expect(equal.losses.allSatisfy { $0 >= 0 && $0 * temperature * temperature <= 1e-4 })
        }
    }

    /// Faults found, line 13: exponents near 0 have the limits that stand at 0, and every parameter's ends are sound.
    @Test func extremeParameters() {
        let student = Fixture.normal(100, deviation: 2, seed: 1)
        let teacher = PlainTeacher.dense(logits: Fixture.normal(100, deviation: 2, seed: 2).map(Double.init))
        func row(_ loss: Loss) -> (losses: [Float], gradient: [Float], squaredNorms: [Float]) {
            evaluateRow([.init(loss)], logits: student, teacher: teacher)
        }
        for tiny in [1e-38, 1e-30, 1e-12, 1e-6] as [Float] {
            for (alpha, beta, limit) in [
                (1, tiny, (1, 0)), (tiny, 1, (0, 1)), (0.5, tiny, (0.5, 0)), (tiny, 0.5, (0, 0.5)),
            ] as [(Float, Float, (Float, Float))] {
                let near = row(.alphaBeta(alpha: alpha, beta: beta, temperature: 1))
                let exact = Reference.loss(
                    .alphaBeta(alpha: limit.0, beta: limit.1, temperature: 1),
                    logits: student.map(Double.init), target: 0, teacher: teacher)
                expectClose(near.losses, [exact], relative: 1e-4, "\(alpha), \(beta)")
                let corner = row(.alphaBeta(alpha: limit.0, beta: limit.1, temperature: 1))
                expectClose(near.gradient, corner.gradient.map(Double.init), relative: 1e-4, absolute: 1e-6)
            }
            let both = row(.alphaBeta(alpha: tiny, beta: tiny, temperature: 1))
            #expect(both.losses[0] > 0 && both.losses[0].isFinite && both.gradient.allSatisfy { $0.isFinite })
            for loss in [
                Loss.jensenShannon(beta: tiny, temperature: 1),
                .jensenShannon(beta: 1 - tiny, temperature: 1),
                .skewForwardKL(alpha: tiny, temperature: 1), .skewForwardKL(alpha: 1 - tiny, temperature: 1),
                .skewReverseKL(alpha: tiny, temperature: 1), .skewReverseKL(alpha: 1 - tiny, temperature: 1),
            ] {
                let result = row(loss)
                let exact = Reference.loss(
                    loss, logits: student.map(Double.init), target: 0, teacher: teacher)
                expectClose(result.losses, [exact], relative: 1e-3, absolute: 1e-6, "\(loss)")
                #expect(result.gradient.allSatisfy { $0.isFinite })
            }
        }
        // The plain and the exact form agree where one takes over from the other.
        let (plain, exact) = (
            row(.alphaBeta(alpha: 0.1, beta: 0.1, temperature: 1)),
            row(.alphaBeta(alpha: Float(0.1).nextDown, beta: 0.1, temperature: 1))
        )
        expectClose(plain.losses, exact.losses.map(Double.init), relative: 1e-4)
        expectClose(plain.gradient, exact.gradient.map(Double.init), relative: 1e-4, absolute: 1e-5)
    }
}
