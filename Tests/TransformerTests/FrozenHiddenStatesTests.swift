import Testing
import Tensors

@testable import Transformer

@Suite struct FrozenHiddenStatesTests {
    /// Rows in groups are the rows of one pass: products cut at other heights may add in another order.
    @Test(arguments: [1, 7, 12, 100]) func groupsChangeNothing(tokensAtOnce: Int) throws {
        let decoder = try DecoderModel(
            configuration: Configuration(vocabularySize: 50, width: 32, layers: 2, heads: 2, feedForward: 48),
            seed: 4)
        let batch = TokenBatch(
            sequences: [5, 3, 9, 1, 4].map { length in (0..<Int32(length)).map { $0 % 50 } })
        let positions = [0, 3, 4, 9, 15, 16, 17, 21]
        let whole = gatherRows(decoder.hiddenStates(batch), at: positions)
        let grouped = decoder.frozenHiddenStates(batch, at: positions, tokensAtOnce: tokensAtOnce)
        #expect(grouped.shape == whole.shape)
        for (found, expected) in zip(grouped.values, whole.values) { #expect(abs(found - expected) <= 1e-5) }
    }

    @Test func groupsHoldWholeSequences() {
        let batch = TokenBatch(sequences: [[1, 2], [3, 4, 5], [6], [7, 8, 9, 10, 11], [12]])
        #expect(batch.groups(ofTokens: 5) == [0..<2, 2..<3, 3..<4, 4..<5])
        #expect(batch.groups(ofTokens: 6) == [0..<3, 3..<5])
        #expect(batch.groups(ofTokens: 1) == [0..<1, 1..<2, 2..<3, 3..<4, 4..<5])
        #expect(batch.sequences(1..<3).ids == [3, 4, 5, 6] && batch.sequences(1..<3).segments == [0, 3, 4])
    }
}
