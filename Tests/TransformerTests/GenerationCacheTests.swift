import Support
import Tensors
import Testing

@testable import Transformer

@Suite struct GenerationCacheTests {
    /// Both paths add the same products in different orders: the logits differ by a few roundings of 6e-8 a layer.
    private let tolerance: Float = 2e-6

    /// Logits after each token, computed one pass over the whole sequence without a cache.
    private func uncachedLogits(_ decoder: DecoderModel, _ tokens: [Int32]) -> [[Float]] {
        let all = decoder.logits(decoder.hiddenStates(TokenBatch(sequences: [tokens])))
        let (values, width) = (all.values, all.width)
        return tokens.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
    }

    private func logits(_ decoder: DecoderModel, _ parts: [CacheExtension], _ cache: KeyValueCache) -> [Float]
    {
        decoder.samplingLogits(decoder.extend(parts, in: cache)).values
    }

    @Test func tokenByTokenEqualsOnePass() throws {
        let decoder = try smallDecoder()
        let tokens = prompts(1, longest: 60)[0] + [3, 1, 4, 1, 5]
        let cache = try KeyValueCache(for: decoder.configuration, slots: 2)
        for (index, expected) in uncachedLogits(decoder, tokens).enumerated() {
            let found = logits(decoder, [CacheExtension(slot: 1, tokens: tokens[index...index])], cache)
            #expect(gap(found, expected) < tolerance, "position \(index)")
        }
        #expect(cache.tokens == [[], tokens])
    }

    @Test func promptAtOnceEqualsOnePass() throws {
        let decoder = try smallDecoder()
        let tokens = Array(0..<61 as Range<Int32>)
        let cache = try KeyValueCache(for: decoder.configuration, slots: 1)
        let found = logits(decoder, [CacheExtension(slot: 0, tokens: tokens[...])], cache)
        #expect(gap(found, uncachedLogits(decoder, tokens).last!) < tolerance)
    }

    /// Exactly equal, not nearly: a resumed run must draw the same tokens.
    @Test(arguments: [1, 2, 7, 16, 17, 40])
    func piecesOfAPromptChangeNoBit(piece: Int) throws {
        let decoder = try smallDecoder()
        let tokens = Array(0..<41 as Range<Int32>)
        let whole = try KeyValueCache(for: decoder.configuration, slots: 1)
        let expected = logits(decoder, [CacheExtension(slot: 0, tokens: tokens[...])], whole)

        let cache = try KeyValueCache(for: decoder.configuration, slots: 3)
        var found: [Float] = []
        for start in stride(from: 0, to: tokens.count, by: piece) {
            // Another sequence in the same pass, to change the shape of every product.
            let other = CacheExtension(slot: 0, tokens: [Int32(start % 61)])
            let part = CacheExtension(slot: 2, tokens: tokens[start..<min(start + piece, tokens.count)])
            found = Array(logits(decoder, [other, part], cache)[61...])
        }
        #expect(found == expected)
    }

    @Test func adoptedPrefixContinuesAsIfComputed() throws {
        let decoder = try smallDecoder()
        let prompt = Array(0..<30 as Range<Int32>)
        let cache = try KeyValueCache(for: decoder.configuration, slots: 3)
        _ = decoder.extend([CacheExtension(slot: 1, tokens: prompt[..<20] + [60, 60])], in: cache)
        let kept = cache.adoptPrefix(of: prompt, limit: prompt.count - 1, in: 2)
        #expect(kept == 20)
        #expect(cache.tokens[2] == Array(prompt[..<20]))
        let found = logits(decoder, [CacheExtension(slot: 2, tokens: prompt[kept...])], cache)

        let fresh = try KeyValueCache(for: decoder.configuration, slots: 1)
        #expect(found == logits(decoder, [CacheExtension(slot: 0, tokens: prompt[...])], fresh))
    }

    @Test func prefixIsLimitedAndMayStayInItsSlot() throws {
        let decoder = try smallDecoder()
        let cache = try KeyValueCache(for: decoder.configuration, slots: 2)
        _ = decoder.extend([CacheExtension(slot: 0, tokens: [1, 2, 3, 4])], in: cache)
        #expect(cache.adoptPrefix(of: [1, 2, 3, 4], limit: 3, in: 0) == 3)
        #expect(cache.adoptPrefix(of: [9, 9], limit: 1, in: 0) == 0)
        #expect(cache.tokens[0] == [])
    }

    @Test func aCacheNoMachineHasIsAnError() throws {
        let shape = AttentionShape(heads: 1 << 10, keyValueHeads: 1 << 10, dimension: 1 << 10)
        #expect(throws: UserError.self) {
            try AttentionCache(slots: 1 << 12, capacity: 1 << 20, shape: shape)
        }
    }
}
