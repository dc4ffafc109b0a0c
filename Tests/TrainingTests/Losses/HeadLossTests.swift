import Foundation
import MethodFixtures
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Signals
@testable import Training

/// The fused head against logits held whole, and against itself cut otherwise.
@Suite struct HeadLossTests {
    /// So many tokens that a chunk of logits holds fewer rows than the batches here.
    private let vocabulary = 40_000
    private let terms = [
        WeightedLoss(.crossEntropy, weight: 0.5), WeightedLoss(.forwardKL(temperature: 2), weight: 0.75),
        WeightedLoss(.reverseKL(temperature: 1), weight: 0.25),
        WeightedLoss(.jensenShannon(beta: 0.3, temperature: 1), weight: 1),
    ]

    private func batch(_ tokens: Int, seed: UInt64 = 1) -> TrainingBatch {
        let ids = Fixture.ids(tokens, vocabulary: vocabulary, seed: seed)
        let sequences = stride(from: 0, to: tokens, by: 50).map { Array(ids[$0..<min($0 + 50, tokens)]) }
        return TrainingBatch(
            tokens: TokenBatch(sequences: sequences), lossMask: ids.indices.map { $0 % 7 != 3 })
    }

    /// Gradients of all weights by name, and the objective.
    private func gradients(_ student: DecoderModel, _ objective: () -> Tensor) -> (Float, [String: Tensor]) {
        student.requireGradients()
        let (loss, tape) = Tape.record(objective)
        tape.backward(from: loss)
        let gradients = Dictionary(
            uniqueKeysWithValues: student.parameters.map { ($0.name, $0.tensor.gradient!) })
        student.requireGradients(false)
        return (loss.values[0], gradients)
    }

    private func fused(
        _ student: DecoderModel, _ teacher: DecoderModel, _ batch: TrainingBatch, scale: Float? = nil
    ) -> Tensor {
        let hidden = gatherRows(student.hiddenStates(batch.tokens), at: batch.positions)
        let teacherHidden = withoutGradients {
            gatherRows(teacher.hiddenStates(batch.tokens), at: batch.positions)
        }
        return HeadLoss(terms)(
            hidden: hidden, head: student.head, targets: batch.targets,
            teacher: .dense(hidden: teacherHidden, head: teacher.head),
            scale: scale ?? 1 / Float(batch.targets.count)
        ).objective
    }

    /// Through the whole model, with several chunks: a tied head gathers its gradient from both of its ends.
    @Test(arguments: [true, false])
    func equalsLogitsHeldWhole(tied: Bool) throws {
        let student = try Small.decoder(vocabulary: vocabulary, width: 8, tiedHead: tied, seed: 1)
        let teacher = try Small.decoder(vocabulary: vocabulary, width: 8, seed: 2)
        let batch = batch(280)
        try #require(batch.positions.count > LogitsChunks.rows(of: student.head))
        let teacherLogits = Small.logits(teacher, batch)
        let (value, actual) = gradients(student) { fused(student, teacher, batch) }
        let (expectedValue, expected) = gradients(student) {
            plainObjective(
                terms,
                logits: student.logits(gatherRows(student.hiddenStates(batch.tokens), at: batch.positions)),
                targets: batch.targets, teacher: teacherLogits)
        }
        expectClose([value], [Double(expectedValue)], relative: 5e-6)
        #expect(Set(actual.keys) == Set(expected.keys))
        for (name, gradient) in expected {
            // Sums over 40,000 tokens of q times differences of logarithms, in Float32.
            expectNear(
                actual[name]!.values, gradient.values.map(Double.init),
                GradientTolerance(relative: 1e-4, absolute: 2e-5, cosine: 1e-8), name)
        }
    }

    /// Chunk by chunk as calls of their own: losses and gradients of hidden states keep their bits.
    @Test func chunksDoNotMatter() throws {
        let head = Tensor(shape: [vocabulary, 8], values: Fixture.normal(vocabulary * 8, seed: 2))
        let step = LogitsChunks.rows(of: OutputHead(weight: head))
        let rows = 2 * step + 5
        let hidden = Fixture.normal(rows * 8, deviation: 0.5, seed: 1)
        let teacherHidden = Tensor(shape: [rows, 8], values: Fixture.normal(rows * 8, seed: 3))
        let targets = Fixture.ids(rows, vocabulary: vocabulary)
        func run(_ range: Range<Int>) -> (objective: Double, hidden: [Float]) {
            let elements = range.lowerBound * 8..<range.upperBound * 8
            let part = Tensor(shape: [range.count, 8], values: Array(hidden[elements])).requiringGradient()
            let (result, tape) = Tape.record {
                HeadLoss(terms)(
                    hidden: part, head: OutputHead(weight: head), targets: Array(targets[range]),
                    teacher: .dense(
                        hidden: gatherRows(teacherHidden, at: Array(range)), head: OutputHead(weight: head)),
                    scale: 0.25)
            }
            tape.backward(from: result.objective)
            return (Double(result.objective.values[0]), part.gradient!.values)
        }
        head.requiringGradient()
        let whole = run(0..<rows)
        let wholeHead = head.gradient!.values
        head.gradient = nil
        let parts = stride(from: 0, to: rows, by: step).map { run($0..<min($0 + step, rows)) }
        #expect(parts.count == 3)
        expectClose([Float(whole.objective)], [parts.reduce(0) { $0 + $1.objective }], relative: 1e-6)
        expectSameBits(parts.flatMap(\.hidden), whole.hidden, "hidden")
        expectSameBits(head.gradient!.values, wholeHead, "head")
    }

    /// Two batches, each scaled by the positions of both, add up to the batch of all.
    @Test func accumulation() throws {
        let student = try Small.decoder(vocabulary: vocabulary, width: 8, seed: 1)
        let teacher = try Small.decoder(vocabulary: vocabulary, width: 8, seed: 2)
        let whole = batch(140)
        let bound = whole.tokens.segments[1]
        func part(_ rows: Range<Int>, _ segments: [Int]) -> TrainingBatch {
            TrainingBatch(
                tokens: TokenBatch(ids: Array(whole.tokens.ids[rows]), segments: segments),
                lossMask: rows.map { $0 % 7 != 3 })
        }
        let halves = [
            part(0..<bound, [0, bound]),
            part(bound..<140, whole.tokens.segments.dropFirst().map { $0 - bound }),
        ]
        #expect(halves.flatMap(\.targets) == whole.targets)
        let scale = 1 / Float(whole.targets.count)
        let (value, together) = gradients(student) { fused(student, teacher, whole) }
        student.requireGradients()
        var sum = 0.0
        for half in halves {
            let (loss, tape) = Tape.record { fused(student, teacher, half, scale: scale) }
            tape.backward(from: loss)
            sum += Double(loss.values[0])
        }
        expectClose([value], [sum], relative: 1e-6)
        for (name, tensor) in student.parameters {
            expectNear(
                tensor.gradient!.values, together[name]!.values.map(Double.init), GradientTolerance(), name)
        }
    }

    @Test func scaleMultipliesAndMeansStay() throws {
        let hidden = Tensor(shape: [9, 8], values: Fixture.normal(72)).requiringGradient()
        let head = Tensor(shape: [33, 8], values: Fixture.normal(264, seed: 2))
        func run(_ scale: Float) -> (Float, [Double], [Float]) {
            let (result, tape) = Tape.record {
                HeadLoss(terms)(
                    hidden: hidden, head: OutputHead(weight: head), targets: Fixture.ids(9, vocabulary: 33),
                    teacher: .dense(
                        hidden: Tensor(shape: [9, 8], values: Fixture.normal(72, seed: 3)),
                        head: OutputHead(weight: head)),
                    scale: scale)
            }
            tape.backward(from: result.objective)
            defer { hidden.gradient = nil }
            return (result.objective.values[0], result.means, hidden.gradient!.values)
        }
        let (once, means, gradient) = run(0.125)
        let (twice, sameMeans, doubled) = run(0.25)
        #expect(twice == 2 * once)
        #expect(means == sameMeans)
        expectSameBits(doubled, gradient.map { 2 * $0 }, "hidden")
        // The objective is the weighted sum of the means, T² included.
        let expected = zip(terms, means).reduce(0.0) { $0 + Double($1.0.factor) * $1.1 } * 9 * 0.125
        expectClose([once], [expected], relative: 1e-6)
    }

    @Test func noPositionsAndNoTape() {
        let head = Tensor(shape: [33, 8], values: Fixture.normal(264)).requiringGradient()
        let nothing = HeadLoss([WeightedLoss(.crossEntropy)])(
            hidden: Tensor(shape: [0, 8]), head: OutputHead(weight: head), targets: [], teacher: nil, scale: 1
        )
        #expect(nothing.objective.values == [0] && nothing.means == [0])
        let hidden = Tensor(shape: [2, 8], values: Fixture.normal(16)).requiringGradient()
        _ = withoutGradients {
            HeadLoss([WeightedLoss(.crossEntropy)])(
                hidden: hidden, head: OutputHead(weight: head), targets: [0, 32], teacher: nil, scale: 1)
        }
        #expect(hidden.gradient == nil && head.gradient == nil)
    }

    /// With a soft cap: the gradient passes through its slope.
    @Test func aCappedHeadEqualsCappedLogits() {
        let (targets, vocabulary) = (Fixture.ids(9, vocabulary: 33), 33)
        let values = (Fixture.normal(9 * 8), Fixture.normal(vocabulary * 8, seed: 2))
        func gradients(_ loss: (_ hidden: Tensor, _ weight: Tensor) -> Tensor) -> [Tensor] {
            let hidden = Tensor(shape: [9, 8], values: values.0).requiringGradient()
            let weight = Tensor(shape: [vocabulary, 8], values: values.1).requiringGradient()
            let (objective, tape) = Tape.record { loss(hidden, weight) }
            tape.backward(from: objective)
            return [objective, hidden.gradient!, weight.gradient!]
        }
        let fused = gradients { hidden, weight in
            HeadLoss([WeightedLoss(.crossEntropy)])(
                hidden: hidden, head: OutputHead(weight: weight, softCap: 1.5), targets: targets,
                teacher: nil, scale: 1 / 9
            ).objective
        }
        let whole = gradients { hidden, weight in
            plainCrossEntropy(softCap(linear(hidden, weight: weight), at: 1.5), targets: targets)
        }
        for (a, b) in zip(fused, whole) { expectClose(a, b, relative: 1e-5, absolute: 1e-6) }
    }
}
