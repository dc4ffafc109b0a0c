import Corpora
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Distillation

/// Training through rounded weights.
@Suite struct QuantizationTests {
    private let documents = TrainingRun.countingDocuments()

    private func student(seed: UInt64 = 9) throws -> Decoder {
        try Small.decoder(width: 32, layers: 2, deviation: 0.1, seed: seed)
    }

    /// The gradient is that at the rounded weights, of which the model's own are given it.
    @Test func theGradientIsTakenAtTheRoundedWeights() throws {
        let model = try student()
        let rounded = model.fakeQuantized(to: .q40)
        let batch = Small.batch(of: Small.documents(6))
        func gradients(_ decoder: Decoder, _ quantization: WeightFormat?) throws -> [String: [Float]] {
            let options = TrainingOptions(
                steps: 1, losses: [WeightedLoss(.crossEntropy)], exits: ExitOptions(layers: [1]),
                quantization: quantization)
            let learner = try Learner(decoder, options: options, teacher: nil)
            let (loss, tape) = Tape.record {
                learner.objective(
                    learner.forward(batch), batch, at: Ramp.Moment(share: 0), signal: nil, teacher: nil,
                    share: 1
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

    /// Rounded after training, a student that was trained for it has lost less.
    @Test func lessIsLost() throws {
        let batch = Small.batch(of: documents)
        func loss(_ quantization: WeightFormat?) throws -> Double {
            let student = try student()
            try Trainer(
                student: student,
                source: CorpusSource(corpus: EncodedCorpus(documents), sequences: 8, context: 10, seed: 1),
                options: TrainingOptions(
                    steps: 200, losses: [WeightedLoss(.crossEntropy)], quantization: quantization,
                    optimizer: .init(learningRate: 1e-2, weightDecay: 0))
            ).run()
            return zip(Small.logits(student.fakeQuantized(to: .q40), batch), batch.targets).reduce(0) {
                $0 + Reference.logSumExp($1.0) - $1.0[Int($1.1)]
            } / Double(batch.targets.count)
        }
        let (with, without) = (try loss(.q40), try loss(nil))
        #expect(with < 0.8 * without, "\(with) against \(without)")
    }
}
