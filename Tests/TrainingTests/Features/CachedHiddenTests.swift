import Checkpoints
import MethodFixtures
import Corpora
import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Signals
@testable import Training

/// Feature losses from hidden states in a cache, against the same losses with the teacher beside the student.
@Suite struct CachedHiddenTests {
    private let teacher: DecoderModel
    private let documents: [EncodedDocument]

    init() throws {
        teacher = try Fixture.decoder(layers: 3, seed: 2)
        documents = Small.documents(24, longest: 14)
    }

    private func withCache(_ kept: [Int], _ body: (SignalCache) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            var origin = Small.origin(kind: .topK(k: Small.vocabulary))
            origin.hidden = try HiddenLayers(kept, of: teacher.configuration, named: "teacher")
            try LabelingJob(teacher: teacher, origin: origin, shardDocuments: 5)
                .run(EncodedCorpus(documents), into: directory)
            try body(SignalCache(directory: directory))
        }
    }

    /// What is read is what the teacher computed, rounded to bf16, whatever the order of the documents.
    @Test func statesAreTheTeachers() throws {
        try withCache([1, 3]) { cache in
            let asked = Array(documents.reversed())
            let cached = try #require(try cache.hidden(for: asked))
            let batch = Small.batch(of: asked)
            let inside = withoutGradients { teacher.activations(batch.tokens) }
            #expect(cached.layers.stored == [1, 3] && cached.layers.count == 3)
            for (place, layer) in [0, 2].enumerated() {
                let exact = gatherRows(inside.hidden[layer], at: batch.positions)
                #expect(cached.states[place].shape == exact.shape)
                // Half a unit in the last of 8 bits; products of another shape differ besides in their last bits.
                expectClose(
                    cached.states[place].values, exact.values.map(Double.init), relative: 1.01 / 256,
                    absolute: 1e-5)
            }
            #expect(cache.manifest.bytesPerPosition > 2 * 2 * Double(teacher.configuration.width))
        }
    }

    @Test func withoutHiddenThereAreNone() throws {
        try withTemporaryDirectory { directory in
            try LabelingJob(teacher: teacher, origin: Small.origin(kind: .topK(k: 3)))
                .run(EncodedCorpus(documents), into: directory)
            #expect(try SignalCache(directory: directory).hidden(for: documents) == nil)
        }
    }

    /// Every kind that reads hidden states alone trains from the cache as it does online.
    @Test(arguments: FeatureKind.all.filter { !$0.comparesTokens })
    func trainingEqualsOnline(kind: FeatureKind) throws {
        try withCache([2, 3]) { cache in
            func train(online: Bool) throws -> (log: [TrainingMetrics], weights: [String: [Float]]) {
                let log = Log()
                let run = TrainingRun(
                    options: TrainingOptions(
                        steps: 8, losses: [WeightedLoss(.forwardKL(temperature: 1))],
                        features: [WeightedFeature(kind, weight: 3)], optimizer: .init(learningRate: 2e-3),
                        clip: nil, logInterval: 1),
                    teacher: online ? teacher : nil,
                    student: { try Fixture.decoder(heads: 2, keyValueHeads: 2, layers: 2, seed: 5) },
                    source: {
                        try CorpusSource(
                            corpus: EncodedCorpus(documents), cache: online ? nil : cache,
                            readsHidden: !online, sequences: 6, context: 14, parts: 2, seed: 1)
                    })
                let weights = try run.run(log: log)
                return (log.lines, weights)
            }
            let (online, offline) = (try train(online: true), try train(online: false))
            for (a, b) in zip(online.log, offline.log) {
                // bf16 keeps 8 bits; the codes of the distributions 12.
                expectClose(
                    [Float(b.terms[kind.name]!)], [a.terms[kind.name]!], relative: 5e-3, absolute: 1e-5)
                expectClose([Float(b.terms["forward_kl"]!)], [a.terms["forward_kl"]!], relative: 5e-3)
            }
            let first = online.log[0].terms[kind.name]!
            #expect(first > 0 && online.log.last!.terms[kind.name]! < first)
            for (name, values) in online.weights {
                let change = zip(values, offline.weights[name]!).map { abs($0 - $1) }.max()!
                // Eight steps of 2e-3: AdamW moves a weight whose gradient is mere rounding a step either way.
                #expect(change < 8e-3, "\(name) differs by \(change)")
            }
        }
    }

    @Test func whatACacheCannotDo() throws {
        try withCache([2, 3]) { cache in
            func problem(_ feature: WeightedFeature) throws -> String? {
                let source = try CorpusSource(
                    corpus: EncodedCorpus(documents), cache: cache, readsHidden: true, sequences: 6,
                    context: 14,
                    seed: 1)
                let student = try Fixture.decoder(layers: 3)
                return #expect(throws: UserError.self) {
                    try Trainer(
                        student: student, source: source,
                        options: TrainingOptions(
                            steps: 1, losses: [WeightedLoss(.crossEntropy)], features: [feature]))
                }?.problem
            }
            let relations = try problem(WeightedFeature(.relations))
            #expect(relations == "minilm compares queries, keys and values, which caches do not store")
            // A student of three layers looks at all three of the teacher's.
            let hidden = try problem(WeightedFeature(.hiddenMSE))
            #expect(hidden == "hidden_mse compares the teacher's layer 1; the cache stores [2, 3]")
        }
        let error = #expect(throws: UserError.self) {
            try HiddenLayers([1, 4], of: teacher.configuration, named: "big")
        }
        #expect(error?.problem == "hidden states of layer 4 are wanted of big, which has 3")
    }

    /// A cache that keeps other layers is another cache.
    @Test func otherLayersAreNotMixedIn() throws {
        try withCache([2]) { cache in
            var origin = cache.manifest.origin
            origin.hidden = try HiddenLayers([1, 2], of: teacher.configuration, named: "teacher")
            let error = #expect(throws: UserError.self) {
                try LabelingJob(teacher: teacher, origin: origin)
                    .run(EncodedCorpus(documents), into: cache.directory)
            }
            #expect(error?.problem.contains("hidden states are stored is 1, 2 here and 2 there") == true)
        }
    }
}
