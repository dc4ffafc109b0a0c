import Tensors

/// New tokens of one cached sequence.
public struct CacheExtension {
    /// The sequence's slot in the cache.
    public let slot: Int
    /// The new tokens, at least one.
    public let tokens: ArraySlice<Int32>

    /// New tokens of the sequence in a slot.
    public init(slot: Int, tokens: ArraySlice<Int32>) {
        self.slot = slot
        self.tokens = tokens
    }
}

extension DecoderModel {
    /// Continues cached sequences: a prompt, the rest of one after a cached beginning, or one token each, in any mix.
    ///
    /// A row's bits depend on its own sequence alone, so neither the mix nor the pieces a prompt comes in change what
    /// is generated.
    ///
    /// - Parameters:
    ///   - extensions: at most one for a slot, none empty, within the cache's capacity
    ///   - arithmetic: of quantized weights
    /// - Returns: final hidden states of each extension's last token, [extensions, C]
    public func extend(
        _ extensions: [CacheExtension], in cache: KeyValueCache, arithmetic: ProductArithmetic = .float
    ) -> Tensor {
        precondition(
            Set(extensions.map(\.slot)).count == extensions.count
                && !extensions.contains { $0.tokens.isEmpty },
            "a slot is extended once in a pass, by at least one token")
        var places: [CachePosition] = []
        var last: [Int] = []
        for part in extensions {
            let start = cache.tokens[part.slot].count
            precondition(start + part.tokens.count <= cache.capacity, "a slot holds \(cache.capacity) tokens")
            places += (start..<start + part.tokens.count).map { CachePosition(slot: part.slot, position: $0) }
            last.append(places.count - 1)
            cache.append(part.tokens, to: part.slot)
        }
        return withoutGradients {
            let hidden = forward(
                extensions.flatMap(\.tokens), positions: places.map { Int32($0.position) },
                context: cache.capacity,
                projection: { rowwiseLinear($0, weight: $1, adding: $2, arithmetic: arithmetic) }
            ) { layer, queryKeyValue in
                cachedAttention(queryKeyValue, places: places, cache: cache.layers[layer])
            }
            return last.count == places.count ? hidden : gatherRows(hidden, at: last)
        }
    }

    /// Logits of few rows, for sampling; like `extend`, a row's bits depend on that row alone.
    ///
    /// - Parameters:
    ///   - hidden: [M, C]
    ///   - arithmetic: of quantized weights
    /// - Returns: [M, V]
    public func samplingLogits(_ hidden: Tensor, arithmetic: ProductArithmetic = .float) -> Tensor {
        withoutGradients { head.samplingLogits(of: hidden, arithmetic: arithmetic) }
    }
}
