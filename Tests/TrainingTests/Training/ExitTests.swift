import Corpora
import MethodFixtures
import Support
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Training

@Suite struct ExitTests {
    private let exits = ExitOptions(layers: [1, 2], alpha: 0.25, temperature: 2, weight: 0.5)
    private let batch = Small.batch(of: Small.documents(5))
    private let start = TrainingProgress(fraction: 0)

    private func gradients(_ model: DecoderModel, _ objective: () -> Tensor) -> (Double, [String: [Float]]) {
        model.requireGradients()
        let (loss, tape) = Tape.record(objective)
        tape.backward(from: loss)
        let gradients = model.parameters.compactMap { name, tensor in
            tensor.gradient.map { (name, $0.values) }
        }
        return (Double(loss.values[0]), Dictionary(uniqueKeysWithValues: gradients))
    }

    /// An exit's loss is that of a model which has only the first layers, whose teacher is the whole model, frozen: the
    /// gradients of such models, made by cutting, add up to those of the one with exits.
    @Test(arguments: [true, false])
    func isTheLossOfAShallowerModel(tied: Bool) throws {
        let model = try Fixture.decoder(layers: 3, tiedHead: tied)
        let frozen = try Fixture.decoder(layers: 3, tiedHead: tied)
        let batch = Small.batch(of: Small.documents(5, vocabulary: model.configuration.vocabularySize))
        let options = TrainingOptions(steps: 1, losses: [WeightedLoss(.crossEntropy)], exits: exits)
        let learner = try Learner(model, options: options, teacher: nil)
        let (value, actual) = gradients(model) {
            learner.objective(
                learner.forward(batch), batch, at: start, signal: nil, teacher: nil, fraction: 1
            ).tensor
        }
        #expect(
            learner.terms.map(\.name) == [
                "cross_entropy", "exit_1_cross_entropy", "exit_1_forward_kl", "exit_2_cross_entropy",
                "exit_2_forward_kl",
            ])

        let teacher = Teachers(frozen).signal(for: batch, activations: nil)
        var (sum, expected) = (0.0, [String: [Double]]())
        for depth in 1...3 {
            let shallow = try frozen.pruned(to: DecoderSelection(layers: Array(0..<depth)))
            let terms = depth == 3 ? [WeightedLoss(.crossEntropy)] : exits.terms
            let (value, gradients) = gradients(shallow) {
                HeadLoss(terms)(
                    hidden: gatherRows(shallow.hiddenStates(batch.tokens), at: batch.positions),
                    head: shallow.head, targets: batch.targets, teacher: teacher,
                    scale: 1 / Float(batch.targets.count)
                ).objective
            }
            sum += value
            for (name, gradient) in gradients {
                let before = expected[name] ?? gradient.map { _ in 0 }
                expected[name] = zip(before, gradient).map { $0 + Double($1) }
            }
        }
        expectClose([Float(value)], [sum], relative: 1e-5)
        #expect(Set(actual.keys) == Set(expected.keys))
        for (name, gradient) in expected {
            expectNear(
                actual[name]!, gradient, GradientTolerance(relative: 1e-4, absolute: 1e-5, cosine: 1e-8), name
            )
        }
    }

    /// (1 − α) · cross-entropy + α · T² · KL(last ‖ exit), in Double.
    @Test func isItsFormula() throws {
        let model = try Small.decoder(layers: 3)
        let options = TrainingOptions(steps: 1, losses: [WeightedLoss(.crossEntropy)], exits: exits)
        let learner = try Learner(model, options: options, teacher: nil)
        let outcome = withoutGradients {
            learner.objective(
                learner.forward(batch), batch, at: start, signal: nil, teacher: nil, fraction: 1
            ).outcome
        }
        let logits = try (1...3).map { depth in
            Small.logits(try model.pruned(to: DecoderSelection(layers: Array(0..<depth))), batch)
        }
        func mean(_ value: (Int) -> Double) -> Double {
            batch.targets.indices.reduce(0) { $0 + value($1) } / Double(batch.targets.count)
        }
        func crossEntropy(_ depth: Int) -> Double {
            mean { row in
                Reference.logSumExp(logits[depth][row]) - logits[depth][row][Int(batch.targets[row])]
            }
        }
        func divergence(_ depth: Int) -> Double {
            mean { row in
                Reference.kl(
                    Reference.softmax(logits[2][row], temperature: 2),
                    Reference.softmax(logits[depth][row], temperature: 2))
            }
        }
        let means = [crossEntropy(2)] + (0..<2).flatMap { [crossEntropy($0), divergence($0)] }
        expectClose(outcome.means.map { Float($0) }, means, relative: 1e-5)
        let exits = (0..<2).reduce(0.0) { $0 + 0.5 * (0.75 * crossEntropy($1) + 0.25 * 4 * divergence($1)) }
        expectClose([Float(outcome.objective)], [crossEntropy(2) + exits], relative: 1e-5)
    }

    /// A model trained with exits speaks at each of them; one trained without does not.
    @Test func theFirstLayersSpeak() throws {
        let documents = TrainingRun.countingDocuments()
        let batch = Small.batch(of: documents)
        func losses(_ exits: ExitOptions?) throws -> [Double] {
            let student = try Small.decoder(layers: 2, deviation: 0.1, seed: 9)
            try Trainer(
                student: student,
                source: CorpusSource(
                    corpus: EncodedCorpus(documents), sequences: 8, context: 10, seed: 1),
                options: TrainingOptions(
                    steps: 120, losses: [WeightedLoss(.crossEntropy)], exits: exits,
                    optimizer: .init(learningRate: 1e-2, weightDecay: 0))
            ).run()
            return try (1...2).map { depth in
                let model = try student.pruned(to: DecoderSelection(layers: Array(0..<depth)))
                return zip(Small.logits(model, batch), batch.targets).reduce(0) {
                    $0 + Reference.logSumExp($1.0) - $1.0[Int($1.1)]
                } / Double(batch.targets.count)
            }
        }
        let (with, without) = (try losses(ExitOptions(layers: [1])), try losses(nil))
        #expect(with[0] < 0.3 && with[1] < 0.3, "\(with)")
        #expect(without[1] < 0.3 && without[0] > 2 * with[0], "\(without)")
    }

    @Test(arguments: [2, 3]) func thereIsNoExitAfterTheLastLayer(layer: Int) throws {
        let options = TrainingOptions(
            steps: 1, losses: [WeightedLoss(.crossEntropy)], exits: ExitOptions(layers: [1, layer]))
        let error = #expect(throws: UserError.self) {
            try Learner(Small.decoder(layers: 2), options: options, teacher: nil)
        }
        #expect(error?.problem == "there is no exit after layer \(layer) of a model with 2")
    }
}
