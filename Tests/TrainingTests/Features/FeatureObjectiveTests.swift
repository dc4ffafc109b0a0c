import Corpora
import MethodFixtures
import Support
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Training

@Suite struct FeatureObjectiveTests {
    @Test func layersAreMappedByDepth() {
        let all = WeightedFeature(.hiddenMSE).layerMap(student: 4, teacher: 6)
        #expect(all.map(\.student) == [0, 1, 2, 3] && all.map(\.teacher) == [1, 2, 4, 5])
        let last = WeightedFeature(.relations).layerMap(student: 4, teacher: 6)
        #expect(last.map(\.student) == [3] && last.map(\.teacher) == [5])
        let chosen = WeightedFeature(.relations, layers: [1]).layerMap(student: 6, teacher: 2)
        #expect(chosen.map(\.teacher) == [0])
    }

    /// The activations that are observed are those the model computes with: their last layer's gradient reaches every
    /// weight below.
    @Test func observedActivationsAreTheModels() throws {
        let model = try Fixture.decoder()
        let batch = TokenBatch(sequences: [[5, 6, 7, 8], [9, 1]])
        let activations = withoutGradients { model.activations(batch) }
        expectSameBits(
            activations.final.values, withoutGradients { model.hiddenStates(batch) }.values, "final")
        expectSameBits(
            activations.final.values,
            rmsNorm(
                activations.hidden[1], weight: model.parameter("norm.weight"),
                epsilon: model.configuration.normEpsilon
            )
            .values, "last layer")
        #expect(activations.hidden.count == 2 && activations.queryKeyValue.count == 2)
    }

    @Test(arguments: [
        (WeightedFeature(.hiddenMSE, layers: [2]), "hidden_mse compares layer 2 of a student with 1"),
        (
            WeightedFeature(.relations, parameters: ["relation_heads": 3]),
            "3 relation heads do not divide the widths [16] of queries, keys and values"
        ),
    ])
    func impossibleComparisons(feature: WeightedFeature, problem: String) throws {
        let model = try Small.decoder()
        let error = #expect(throws: UserError.self) {
            try FeatureObjective(
                [feature], student: model.configuration, teacher: TeacherActivations(model.configuration),
                seed: 1)
        }
        #expect(error?.problem == problem)
    }

    /// A student of another width comes to see what the teacher sees: each loss falls to a fraction.
    @Test(arguments: FeatureKind.all)
    func training(kind: FeatureKind) throws {
        let documents = Small.documents(12, longest: 10)
        let log = Log()
        try TrainingRun(
            options: TrainingOptions(
                steps: 150, losses: [WeightedLoss(.crossEntropy, weight: 1e-6)],
                features: [WeightedFeature(kind, weight: 10)], optimizer: .init(learningRate: 1e-2),
                clip: nil,
                logInterval: 10),
            teacher: try Small.decoder(width: 24, seed: 2),
            source: {
                try CorpusSource(corpus: EncodedCorpus(documents), sequences: 12, context: 10, seed: 1)
            }
        ).run(log: log)
        let losses = log.lines.compactMap { $0.terms[kind.name] }
        #expect(losses.count == 15)
        #expect(losses.last! < 0.5 * losses[0], "\(losses)")
        #expect(log.lines[0].termGradientNorms[kind.name]! > 0)
    }
}
