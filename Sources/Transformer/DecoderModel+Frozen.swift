import Tensors

extension DecoderModel {
    /// Rows of a pass without gradients: enough for products to reach their best rate.
    public static let frozenPassTokens = 1024

    /// Final hidden states of a frozen model at some positions: without gradients, and a few sequences at a time, so that
    /// activations do not grow with the batch.
    ///
    /// - Parameters:
    ///   - positions: M rows of the batch, rising
    ///   - tokensAtOnce: rows of a pass, more where a sequence is longer
    /// - Returns: [M, C]
    public func frozenHiddenStates(
        _ batch: TokenBatch, at positions: [Int], tokensAtOnce: Int = frozenPassTokens
    )
        -> Tensor
    {
        frozenHiddenStates(batch, at: positions, layers: [], tokensAtOnce: tokensAtOnce).final
    }

    /// The same, and the residual stream after some layers.
    ///
    /// - Parameter layers: from 1
    /// - Returns: [M, C] each
    public func frozenHiddenStates(
        _ batch: TokenBatch, at positions: [Int], layers: [Int], tokensAtOnce: Int = frozenPassTokens
    ) -> (final: Tensor, layers: [Tensor]) {
        var (parts, done) = ([Tensor](), 0)
        var inside = layers.map { _ in [Tensor]() }
        for group in batch.groups(ofTokens: tokensAtOnce) {
            let first = batch.segments[group.lowerBound]
            let part = positions[done...].prefix { $0 < batch.segments[group.upperBound] }.map { $0 - first }
            guard !part.isEmpty else { continue }
            withoutGradients {
                let hidden = forward(batch.sequences(group)) { observed, layer, values in
                    guard case .residual = observed, let place = layers.firstIndex(of: layer + 1) else {
                        return
                    }
                    inside[place].append(gatherRows(values, at: part))
                }
                parts.append(gatherRows(hidden, at: part))
            }
            done += part.count
        }
        return (
            concatenateRows(parts, width: configuration.width),
            inside.map { concatenateRows($0, width: configuration.width) }
        )
    }
}

extension TokenBatch {
    /// Some of the sequences as a batch of their own.
    func sequences(_ range: Range<Int>) -> TokenBatch {
        let first = segments[range.lowerBound]
        return TokenBatch(
            ids: Array(ids[first..<segments[range.upperBound]]),
            segments: segments[range.lowerBound...range.upperBound].map { $0 - first })
    }

    /// The sequences in groups of at most `tokens` tokens, or of one that is longer.
    func groups(ofTokens tokens: Int) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        for index in 0..<segments.count - 1
        where segments[index + 1] - segments[start] > tokens && index > start {
            groups.append(start..<index)
            start = index
        }
        if start < segments.count - 1 { groups.append(start..<segments.count - 1) }
        return groups
    }
}
