import Foundation
import TestSupport
import Tensors
import Testing

@testable import Training

/// One row's losses and gradients against their formulas in Double.
@Suite struct RowLossTests {
    /// Softmax and logarithms are right to about 2 ulp, of logarithms of size up to 40: 1e-6 of a loss of size 1 to 10. A
    /// gradient is q times a difference of such terms, compared with the largest of its row.
    static let tolerance = GradientTolerance(relative: 2e-5, absolute: 2e-5, cosine: 1e-9)
    static let sizes = [2, 7, 8, 33, 100]
    static let deviations: [Float] = [0.1, 1, 4, 10]

    private func expectMatches(
        _ loss: Loss, logits: [Float], target: Int = 0, teacher: PlainTeacher?, _ comment: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let terms = [WeightedLoss(loss, weight: 0.75)]
        let (losses, gradient, _) = evaluateRow(
            terms, logits: logits, target: target, teacher: teacher, scale: 0.5,
            sourceLocation: sourceLocation)
        let z = logits.map(Double.init)
        expectClose(
            losses, [Reference.loss(loss, logits: z, target: target, teacher: teacher)], relative: 5e-6,
            absolute: 2e-6, comment, sourceLocation: sourceLocation)
        // A very short step where the formula has kinks.
        let hasKinks = [.totalVariation, .universalLogit].contains(loss.kind)
        let numerical = centralDifferences(at: [z], input: 0, step: hasKinks ? 1e-6 : 1e-3) {
            0.5 * Reference.objective(terms, logits: $0[0], target: target, teacher: teacher, anchor: z)
        }
        // Far apart, a gradient may vanish altogether: 1e-9 is what the differences resolve.
        if numerical.contains(where: { $0.magnitude > 1e-5 }) {
            expectLogitGradient(gradient, numerical, comment, sourceLocation: sourceLocation)
        } else {
            expectClose(gradient, numerical, absolute: 2e-7, comment, sourceLocation: sourceLocation)
        }
        guard loss.kind != .logitMSE else { return }
        // Every q is right to 1e-6 and ln(q/p) is at most 87.
        #expect(
            gradient.reduce(0) { $0 + Double($1) }.magnitude <= 1e-5, "\(comment): the row sums to 0",
            sourceLocation: sourceLocation)
    }

    private func forEachPair(_ body: (_ student: [Float], _ teacher: [Double], _ comment: String) -> Void) {
        for size in Self.sizes {
            for (index, deviation) in Self.deviations.enumerated() {
                let seed = UInt64(2 * index)
                body(
                    Fixture.normal(size, deviation: deviation, seed: seed + 1),
                    Fixture.normal(size, deviation: deviation, seed: seed + 2).map(Double.init),
                    "\(size) tokens, deviation \(deviation)")
            }
        }
    }

    @Test func crossEntropy() {
        forEachPair { student, _, comment in
            for target in [0, student.count - 1] {
                expectMatches(.crossEntropy, logits: student, target: target, teacher: nil, comment)
            }
        }
    }

    @Test(arguments: everyDivergence)
    func dense(loss: Loss) {
        forEachPair { student, teacher, comment in
            expectMatches(loss, logits: student, teacher: .dense(logits: teacher), comment)
        }
    }

    @Test(arguments: everyWholeLoss)
    func whole(loss: Loss) {
        forEachPair { student, teacher, comment in
            // Standardized, two logits are +1 and −1 whatever they were: there is no gradient to compare.
            if loss.standardizesLogits, student.count == 2 { return }
            expectMatches(loss, logits: student, teacher: .dense(logits: teacher), comment)
        }
    }

    /// The shape of a distribution is compared across vocabularies, either of them the larger.
    @Test(arguments: [(20, 33), (33, 20)])
    func differentVocabularies(student: Int, teacher: Int) {
        expectMatches(
            .universalLogit(temperature: 1), logits: Fixture.normal(student, deviation: 2, seed: 1),
            teacher: .dense(logits: Fixture.normal(teacher, deviation: 2, seed: 2).map(Double.init)),
            "\(student) against \(teacher) tokens")
    }

    /// α-β and JSD at their corners are the divergences they are named after.
    @Test func corners() {
        let (student, teacher) = (Fixture.normal(33, seed: 1), Fixture.normal(33, seed: 2).map(Double.init))
        func run(_ loss: Loss) -> (losses: [Float], gradient: [Float], squaredNorms: [Float]) {
            evaluateRow([.init(loss)], logits: student, teacher: .dense(logits: teacher))
        }
        for (corner, plain) in [
            (Loss.alphaBeta(alpha: 1, beta: 0, temperature: 2), Loss.forwardKL(temperature: 2)),
            (.alphaBeta(alpha: 0, beta: 1, temperature: 2), .reverseKL(temperature: 2)),
            (.skewForwardKL(alpha: 0, temperature: 2), .forwardKL(temperature: 2)),
            (.skewReverseKL(alpha: 0, temperature: 2), .reverseKL(temperature: 2)),
            (.jensenShannon(beta: 0, temperature: 2), .forwardKL(temperature: 2)),
        ] {
            let (actual, expected) = (run(corner), run(plain))
            expectClose(actual.losses, expected.losses.map(Double.init), absolute: 2e-6, "\(corner)")
            expectLogitGradient(actual.gradient, expected.gradient.map(Double.init), "\(corner)")
        }
    }

    /// From one token to the whole vocabulary, whose tail is empty.
    @Test(arguments: everyDivergence)
    func topK(loss: Loss) {
        forEachPair { student, teacher, comment in
            let size = student.count
            for k in Set([1, size / 2, size - 1, size]) where k > 0 {
                let teacher = PlainTeacher.top(k, of: teacher, temperature: Double(loss.temperature))
                expectMatches(loss, logits: student, teacher: teacher, "\(comment), k \(k)")
            }
        }
    }

    /// Both sides scaled to sum to 1 over the k tokens: zero where they agree there, whatever else the student does, and
    /// no gradient for any other token.
    @Test(arguments: everyDivergence)
    func renormalized(loss: Loss) {
        let loss = Loss(
            loss.kind, temperature: loss.temperature, parameters: loss.parameters, renormalizes: true)
        forEachPair { student, teacher, comment in
            let size = student.count
            for k in Set([2, size / 2, size]) where k > 1 {
                let top = PlainTeacher.top(k, of: teacher, temperature: Double(loss.temperature))
                expectMatches(loss, logits: student, teacher: top, "\(comment), k \(k)")
            }
        }
        let logits = Fixture.normal(20, deviation: 2, seed: 1).map(Double.init)
        guard case .topK(let ids, _, _) = PlainTeacher.top(5, of: logits, temperature: 1) else { return }
        // The student is the teacher on the five tokens and gives most of its mass to others.
        let elsewhere = logits.indices.map { Float(ids.contains($0) ? logits[$0] : 9) }
        let result = evaluateRow(
            [.init(loss)], logits: elsewhere,
            teacher: .top(5, of: logits, temperature: Double(loss.temperature)))
        expectClose(result.losses, [0], absolute: 1e-6)
        expectClose(result.gradient, Array(repeating: 0, count: 20), absolute: 2e-6)
    }

    /// A top-k loss over the whole vocabulary is the dense one.
    @Test(arguments: everyDivergence)
    func topKOfEverythingIsDense(loss: Loss) {
        let (student, teacher) = (Fixture.normal(33, seed: 1), Fixture.normal(33, seed: 2).map(Double.init))
        let dense = evaluateRow([.init(loss)], logits: student, teacher: .dense(logits: teacher))
        let sparse = evaluateRow(
            [.init(loss)], logits: student,
            teacher: .top(33, of: teacher, temperature: Double(loss.temperature)))
        expectClose(sparse.losses, dense.losses.map(Double.init), absolute: 1e-6)
        expectLogitGradient(sparse.gradient, dense.gradient.map(Double.init), "\(loss)")
    }

    /// The gradient is q − w, whatever the weights.
    @Test(arguments: [1, 2] as [Float])
    func sampled(temperature: Float) {
        forEachPair { student, _, comment in
            let size = student.count
            var weights = [Double](repeating: 0, count: size)
            for id in Fixture.ids(8, vocabulary: size) { weights[Int(id)] += 0.125 }
            expectMatches(
                .forwardKL(temperature: temperature), logits: student,
                teacher: .sampled(weights: weights, entropy: 0.5), comment)
            let gradient = evaluateRow(
                [.init(.forwardKL(temperature: temperature))], logits: student,
                teacher: .sampled(weights: weights, entropy: 0.5)
            ).gradient
            let q = Reference.softmax(student.map(Double.init), temperature: Double(temperature))
            expectClose(
                gradient, zip(q, weights).map { Double(temperature) * ($0 - $1) }, absolute: 2e-6, comment)
        }
    }

    @Test func temperatureSquared() {
        let loss = Loss.forwardKL(temperature: 2)
        #expect(WeightedLoss(loss, weight: 0.5).factor == 2)
        let (student, teacher) = (Fixture.normal(33, seed: 1), Fixture.normal(33, seed: 2).map(Double.init))
        let gradient = evaluateRow([.init(loss)], logits: student, teacher: .dense(logits: teacher)).gradient
        // T² · (q − p) / T.
        let q = Reference.softmax(student.map(Double.init), temperature: 2)
        let p = Reference.softmax(teacher, temperature: 2)
        expectClose(gradient, zip(q, p).map { 2 * ($0 - $1) }, relative: 2e-5, absolute: 1e-7)
    }

    /// Terms of one and of different temperatures, in an order that goes back and forth between them.
    @Test func combinedIsTheSumOfItsParts() {
        let terms =
            [
                .crossEntropy, .forwardKL(temperature: 2), .reverseKL(temperature: 1),
                .forwardKL(temperature: 1),
            ]
            .enumerated().map { WeightedLoss($1, weight: Float($0 + 1) / 4) }
            + [
                WeightedLoss(.jensenShannon(beta: 0.3, temperature: 2), weight: 0.7),
                WeightedLoss(Loss(.forwardKL, temperature: 2, standardizesLogits: true), weight: 0.2),
                WeightedLoss(.logitMSE, weight: 0.1), WeightedLoss(.totalVariation(temperature: 2)),
            ]
        let (student, teacher) = (Fixture.normal(37, seed: 1), Fixture.normal(37, seed: 2).map(Double.init))
        let together = evaluateRow(terms, logits: student, target: 5, teacher: .dense(logits: teacher))
        var sum = [Double](repeating: 0, count: 37)
        for (index, term) in terms.enumerated() {
            let alone = evaluateRow([term], logits: student, target: 5, teacher: .dense(logits: teacher))
            #expect(alone.losses == [together.losses[index]])
            let squared = alone.gradient.reduce(0.0) { $0 + Double($1) * Double($1) }
            expectClose([together.squaredNorms[index]], [squared], relative: 1e-6)
            for i in sum.indices { sum[i] += Double(alone.gradient[i]) }
        }
        // Sums of eight terms of size up to 2.
        expectClose(together.gradient, sum, relative: 1e-6, absolute: 5e-7)
    }
}
