import Corpora
import MethodFixtures
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Training

/// Training through rounded weights.
@Suite struct QuantizationTests {
    /// Random, to be learnt by heart: no level of a weight is to spare.
    private let documents = Small.documents(150)

    private func student(seed: UInt64 = 9) throws -> DecoderModel {
        try Small.decoder(width: 32, layers: 2, deviation: 0.1, seed: seed)
    }

    /// The gradient is that at the rounded weights, of which the model's own are given it.
    @Test func theGradientIsTakenAtTheRoundedWeights() throws {
        let model = try student()
        let rounded = try student().fakeQuantized(to: .q40)
        let batch = Small.batch(of: Small.documents(6))
        func gradients(_ decoder: DecoderModel, _ quantization: DType?) throws -> [String: [Float]] {
            let options = TrainingOptions(
                steps: 1, losses: [WeightedLoss(.crossEntropy)], exits: ExitOptions(layers: [1]),
                quantization: quantization)
            let learner = try Learner(decoder, options: options, teacher: nil)
            let (loss, tape) = Tape.record {
                learner.objective(
                    learner.forward(batch), batch, at: TrainingProgress(fraction: 0), signal: nil,
                    teacher: nil,
                    fraction: 1
                ).tensor
            }
            tape.backward(from: loss)
            return Dictionary(
                uniqueKeysWithValues: decoder.parameters.map { ($0.name, $0.tensor.gradient!.values) })
        }
        let (actual, expected) = (try gradients(model, .q40), try gradients(rounded, nil))
        for (name, gradient) in expected { expectSameBits(actual[name]!, gradient, name) }
        #expect(try gradients(student(), nil) != actual)
    }

    /// Rounded after training, students that were trained for it have lost less; over three beginnings, since one alone
    /// may be lucky.
    @Test func lessIsLost() throws {
        let batch = Small.batch(of: documents)
        func loss(_ quantization: DType?, seed: UInt64) throws -> Double {
            let student = try student(seed: seed)
            try Trainer(
                student: student,
                source: CorpusSource(corpus: EncodedCorpus(documents), sequences: 24, context: 12, seed: 1),
                options: TrainingOptions(
                    steps: 300, losses: [WeightedLoss(.crossEntropy)], quantization: quantization,
                    optimizer: .init(learningRate: 1e-2, weightDecay: 0))
            ).run()
            return zip(Small.logits(student.fakeQuantized(to: .q40), batch), batch.targets).reduce(0) {
                $0 + Reference.logSumExp($1.0) - $1.0[Int($1.1)]
            } / Double(batch.targets.count)
        }
        let seeds: [UInt64] = [7, 8, 9]
        let with = try seeds.reduce(0) { try $0 + loss(.q40, seed: $1) }
        let without = try seeds.reduce(0) { try $0 + loss(nil, seed: $1) }
        #expect(with < 0.95 * without, "\(with) against \(without)")
    }
}
