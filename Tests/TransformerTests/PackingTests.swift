import TestSupport
import Tensors
import Testing
import Transformer

/// A packed batch is its sequences, each alone.
@Suite struct PackingTests {
    private static let lengths = [5, 1, 33, 140, 2]

    private func sequences(vocabulary: Int) -> [[Int32]] {
        Self.lengths.enumerated().map { Fixture.ids($1, vocabulary: vocabulary, seed: UInt64($0)) }
    }

    @Test(arguments: [1, 2, 4])
    func hiddenStates(keyValueHeads: Int) throws {
        let decoder = try Fixture.decoder(keyValueHeads: keyValueHeads)
        let sequences = sequences(vocabulary: decoder.configuration.vocabularySize)
        withoutGradients {
            let packed = decoder.hiddenStates(TokenBatch(sequences: sequences))
            let alone = sequences.flatMap { decoder.hiddenStates(TokenBatch(sequences: [$0])).values }
            // Products over other numbers of rows may add in another order; two layers deep.
            expectClose(packed.values, alone.map(Double.init), relative: 1e-5, absolute: 1e-5)
        }
    }

    @Test func orderOfSequencesDoesNotMatter() throws {
        let decoder = try Fixture.decoder()
        let sequences = sequences(vocabulary: 97)
        withoutGradients {
            let forward = decoder.hiddenStates(TokenBatch(sequences: sequences)).values
            let backward = decoder.hiddenStates(TokenBatch(sequences: sequences.reversed())).values
            var rows: [Float] = []
            var end = backward.count
            for sequence in sequences {
                let start = end - sequence.count * 32
                rows += backward[start..<end]
                end = start
            }
            expectClose(rows, forward.map(Double.init), relative: 1e-5, absolute: 1e-5)
        }
    }

    /// Gradients of a packed batch are the mean of those of its sequences, weighted by their tokens: what gradient
    /// accumulation relies on.
    @Test(arguments: [true, false])
    func gradients(tiedHead: Bool) throws {
        let sequences = sequences(vocabulary: 97)
        let targets = Self.lengths.enumerated().map { Fixture.ids($1, vocabulary: 97, seed: UInt64(50 + $0)) }
        let packed = TrainingLoop(try Fixture.decoder(tiedHead: tiedHead))
        let loss = packed.accumulate(TokenBatch(sequences: sequences), targets: targets.flatMap { $0 })

        let total = Self.lengths.reduce(0, +)
        let parameters = packed.decoder.parameters
        var sums = parameters.map { [Double](repeating: 0, count: $0.tensor.count) }
        var lossSum = 0.0
        for (sequence, targets) in zip(sequences, targets) {
            let alone = TrainingLoop(try Fixture.decoder(tiedHead: tiedHead))
            let share = Double(sequence.count) / Double(total)
            lossSum += share * Double(alone.accumulate(TokenBatch(sequences: [sequence]), targets: targets))
            for (index, (_, tensor)) in alone.decoder.parameters.enumerated() {
                for (place, value) in tensor.gradient!.values.enumerated() {
                    sums[index][place] += share * Double(value)
                }
            }
        }
        expectClose([loss], [lossSum], relative: 2e-6)
        for ((name, tensor), sum) in zip(parameters, sums) {
            expectNear(
                tensor.gradient!.values, sum,
                GradientTolerance(relative: 1e-5, absolute: 1e-5, cosine: 1e-9), name)
        }
    }

    @Test func aLaterTokenDoesNotReachEarlierOnes() throws {
        let decoder = try Fixture.decoder()
        let ids = Fixture.ids(40, vocabulary: 97)
        var changed = ids
        changed[25] = (ids[25] + 1) % 97
        withoutGradients {
            let (a, b) = (ids, changed)
            let before = decoder.hiddenStates(TokenBatch(ids: a, segments: [0, 10, 40])).values
            let after = decoder.hiddenStates(TokenBatch(ids: b, segments: [0, 10, 40])).values
            expectSameBits(Array(after[..<(25 * 32)]), Array(before[..<(25 * 32)]), "before the change")
            for row in 25..<40 {
                #expect(before[row * 32..<(row + 1) * 32] != after[row * 32..<(row + 1) * 32], "row \(row)")
            }
        }
    }

    @Test func positionsAndBounds() async {
        let batch = TokenBatch(sequences: [[4, 5], [6], [7, 8, 9]])
        #expect(batch.ids == [4, 5, 6, 7, 8, 9])
        #expect(batch.segments == [0, 2, 3, 6])
        #expect(batch.positions == [0, 1, 0, 0, 1, 2])
        #expect(batch.longest == 3)
        await #expect(processExitsWith: .failure) { _ = TokenBatch(ids: [1, 2], segments: [0, 1]) }
        await #expect(processExitsWith: .failure) { _ = TokenBatch(ids: [1, 2], segments: [0, 2, 2]) }
        await #expect(processExitsWith: .failure) { _ = TokenBatch(ids: [1, 2], segments: [1, 2]) }
    }
}
