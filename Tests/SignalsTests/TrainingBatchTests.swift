import Corpora
import MethodFixtures
import TestSupport
import Testing
import Transformer

@testable import Signals
@testable import Training

@Suite struct TrainingBatchTests {
    @Test func targetsFollowTheirPositions() {
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: [[10, 11, 12], [20], [30, 31]]),
            lossMask: [false, true, true, false, false, true])
        #expect(batch.positions == [0, 1, 4])
        #expect(batch.targets == [11, 12, 31])
    }

    /// A mark on a sequence's first token has no position before it in its own sequence.
    @Test func noTargetCrossesABorder() {
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: [[10, 11], [20, 21, 22], [30]]),
            lossMask: [true, true, true, true, true, true])
        #expect(batch.positions == [0, 2, 3])
        #expect(batch.targets == [11, 21, 22])
    }

    @Test func masksShiftWithTheirTokens() {
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: [[1, 2, 3, 4, 5]]), lossMask: [false, false, true, false, true])
        #expect(batch.positions == [1, 3])
        #expect(batch.targets == [3, 5])
    }

    @Test func nothingToLearn() {
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: [[1], [2, 3]]), lossMask: [true, false, false])
        #expect(batch.positions.isEmpty && batch.targets.isEmpty)
    }

    /// Every kept token of a corpus is a target once in an epoch, whatever the packing.
    @Test func aCorpusIsSeenWhole() throws {
        let documents = Small.documents(40)
        let source = try CorpusSource(
            corpus: EncodedCorpus(documents), sequences: 4, context: 12, parts: 2, seed: 5)
        var targets: [Int32] = []
        var step = 0
        let wanted = documents.reduce(0) { $0 + $1.targetCount }
        while targets.count < wanted {
            let parts = try source.batches(forStep: step)
            // Two parts' worth of documents, which may need a third to be divided whole.
            #expect((2...3).contains(parts.count))
            #expect(parts.allSatisfy { $0.tokens.ids.count <= 24 })
            #expect(parts.reduce(0) { $0 + $1.tokens.ids.count } <= 48)
            targets += parts.flatMap(\.targets)
            step += 1
        }
        let kept = documents.flatMap { document in zip(document.ids, document.lossMask).filter(\.1).map(\.0) }
        // The last batch may have begun the next epoch: all of the first come, some of the second.
        func counts(_ ids: [Int32]) -> [Int32: Int] { ids.reduce(into: [:]) { $0[$1, default: 0] += 1 } }
        let (found, once) = (counts(targets), counts(kept))
        #expect(Set(found.keys) == Set(once.keys))
        for (id, count) in once { #expect((count...2 * count).contains(found[id] ?? 0), "token \(id)") }
        #expect(
            try source.batches(forStep: 1).map(\.tokens.ids) == source.batches(forStep: 1).map(\.tokens.ids))
    }
}
