import Support
import TestSupport
import Testing
import Transformer

@testable import Tensors

/// Whole training steps: what the trainer above will rely on.
@Suite(.serialized) struct TrainingStepTests {
    /// Large enough that products are split between threads.
    private static let configuration = Configuration(
        vocabularySize: 300, width: 128, layers: 2, heads: 4, keyValueHeads: 2, feedForward: 344)

    private static func train(steps: Int) throws -> [[Float]] {
        var loop = TrainingLoop(try DecoderModel(configuration: configuration, seed: 1))
        loop.rate = 1e-2
        let losses = (0..<steps).map { step in
            let seed = UInt64(step)
            let ids = Fixture.ids(400, vocabulary: 300, seed: seed)
            let batch = TokenBatch(ids: ids, segments: [0, 1, 150, 153, 400])
            let loss = loop.accumulate(
                batch, targets: Fixture.ids(400, vocabulary: 300, seed: seed + 100))
            loop.update()
            return loss
        }
        return [losses] + loop.decoder.parameters.map(\.tensor.values)
    }

    @Test(.enabled(if: hasTwoThreads)) func sameBitsWithOneThreadAndTwo() throws {
        let one = try withThreads(1) { try Self.train(steps: 3) }
        let two = try withThreads(2) { try Self.train(steps: 3) }
        #expect(one[0].allSatisfy { $0.isFinite } && Set(one[0]).count == 3)
        for (index, (a, b)) in zip(one, two).enumerated() { expectSameBits(b, a, "part \(index)") }
    }

    @Test func sameBitsAgain() throws {
        let (first, second) = (try Self.train(steps: 2), try Self.train(steps: 2))
        for (index, (a, b)) in zip(first, second).enumerated() { expectSameBits(b, a, "part \(index)") }
    }

    /// A batch seen again and again is learned by heart.
    @Test func lossFalls() throws {
        var loop = TrainingLoop(try DecoderModel(configuration: Self.configuration, seed: 1))
        let batch = TokenBatch(sequences: [Fixture.ids(20, vocabulary: 300)])
        let targets = Fixture.ids(20, vocabulary: 300, seed: 2)
        var losses: [Float] = []
        for _ in 0..<30 {
            losses.append(loop.accumulate(batch, targets: targets))
            loop.update()
        }
        // ln 300 = 5.70 at first: a fresh decoder knows nothing.
        expectClose([losses[0]], [5.70], relative: 0, absolute: 0.15)
        #expect(losses.last! < 1)
    }

    /// In a process of its own, since the pool is everybody's; with one thread, so that as many buffers are in use at once
    /// in every step.
    @Test func noMemoryIsMappedAfterTheFirstStep() async {
        await #expect(processExitsWith: .success) {
            Parallel.threads = 1
            var loop = TrainingLoop(try DecoderModel(configuration: Self.configuration, seed: 1))
            let ids = Fixture.ids(400, vocabulary: 300)
            let batch = TokenBatch(ids: ids, segments: [0, 1, 150, 153, 400])
            _ = loop.accumulate(batch, targets: ids)
            loop.update()
            let allocated = BufferPool.shared.allocations
            #expect(allocated > 20)
            for _ in 0..<3 {
                _ = loop.accumulate(batch, targets: ids)
                loop.update()
            }
            #expect(BufferPool.shared.allocations == allocated)
        }
    }
}
