import Corpora
import MethodFixtures
import Support
import Tensors
import Testing
import Transformer

@testable import Signals
@testable import Training

/// Faults found, line 12.
@Suite struct CorpusSourceTests {
    private static let documents: [EncodedDocument] = {
        var stream = RandomStream(seed: 4, purpose: "lengths")
        return (0..<60).map { index in
            let ids = (0..<3 + stream.nextIndex(below: 30)).map {
                Int32((index * 31 + $0) % Small.vocabulary)
            }
            return EncodedDocument(ids: ids, lossMask: ids.indices.map { $0 > 0 })
        }
    }()

    private func source(parts: Int, seed: UInt64 = 1) throws -> CorpusSource {
        try CorpusSource(
            corpus: EncodedCorpus(Self.documents), sequences: 8, context: 40, parts: parts, seed: seed)
    }

    private func sequences(_ batches: [TrainingBatch]) -> Set<[Int32]> {
        Set(
            batches.flatMap { batch in
                zip(batch.tokens.segments, batch.tokens.segments.dropFirst()).map {
                    Array(batch.tokens.ids[$0..<$1])
                }
            })
    }

    @Test func aStepsDocumentsDoNotDependOnItsParts() throws {
        let whole = try source(parts: 1)
        for parts in [2, 4, 8] {
            let divided = try source(parts: parts)
            for step in 0..<12 {
                let batches = try divided.batches(forStep: step)
                #expect(batches.allSatisfy { $0.tokens.ids.count <= 8 / parts * 40 }, "memory is bounded")
                let expected = try sequences(whole.batches(forStep: step))
                #expect(sequences(batches) == expected)
                #expect(batches.count <= 11 * parts / 9 + 1)
            }
        }
        let other = try source(parts: 1, seed: 2).batches(forStep: 0)
        let first = try whole.batches(forStep: 0)
        #expect(sequences(other) != sequences(first))
    }

    /// Whole steps are trained until the tokens asked for are reached, with any seed.
    @Test func trainingReachesTheTokensAskedFor() throws {
        for seed in UInt64(1)...3 {
            for asked in [1, 319, 320, 3000] {
                let source = try source(parts: 2, seed: seed)
                let steps = source.steps(reaching: asked)
                let options = TrainingOptions(
                    steps: steps, tokens: asked, losses: [WeightedLoss(.crossEntropy)], saveInterval: .never)
                let trained = try #require(
                    try Trainer(
                        student: Small.decoder(), source: source, options: options
                    ).run())
                #expect(trained.step == steps)
                let last = try source.batches(forStep: steps - 1).reduce(0) { $0 + $1.tokens.ids.count }
                #expect(trained.tokens >= asked && trained.tokens - last < asked)
            }
        }
    }

    /// What the student writes has no length that is known beforehand: the run still ends at the tokens asked for.
    @Test func anEstimateOfTheStepsDoesNotEndARun() throws {
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: [[1, 2, 3, 4, 5]]), lossMask: [false, true, true, true, true])
        for (estimate, asked, steps) in [(4, 30, 6), (10, 30, 6), (2, 0, 0)] {
            let options = TrainingOptions(
                steps: estimate, tokens: asked, losses: [WeightedLoss(.crossEntropy)], saveInterval: .never,
                logInterval: 1)
            let log = Log()
            try Trainer(
                student: Small.decoder(), source: FixedSource { _ in [batch] }, options: options
            ).run(listener: log)
            #expect(log.lines.count == steps)
            #expect(log.lines.allSatisfy { $0.learningRate > 0 })
        }
        // Answers that are all empty do not go on for ever.
        let empty = TrainingOptions(
            steps: 2, tokens: 10, losses: [WeightedLoss(.crossEntropy)], saveInterval: .never)
        let last = try Trainer(
            student: Small.decoder(), source: FixedSource { _ in [] }, options: empty
        ).run()
        #expect(last?.tokens == 0)
    }
}
