import Transformer

/// What a model holds in memory while it runs, in bytes. A token's values are Float32.
extension ModelCost {
    // In Double, as the parameters: sizes from a file may be absurd.
    private var stream: Double { Double(shape.width) }
    private var neurons: Double { Double(shape.feedForward) }
    private var queries: Double { Double(shape.heads) * Double(shape.headDimension) }
    private var queriesKeysValues: Double { queries + keysValues }
    private var keysValues: Double { 2 * Double(shape.keyValueHeads) * Double(shape.headDimension) }

    /// Weights as Float32.
    var weightBytes: Double { 4 * parameters }

    /// Of a token, what a forward pass without gradients has in use at a time: the residual stream before, in and after a
    /// layer, its norm, queries, keys and values, what the heads give, gates and ups, and the gated neurons. Their buffers are
    /// used again by every layer.
    private var passValues: Double {
        4 * stream + queriesKeysValues + queries + (projectedNeurons + 1) * neurons + expertValues
    }

    /// The router's probabilities, the rows that one expert reads and writes, and the weighted sum; one expert may be chosen by
    /// every token.
    private var expertValues: Double { shape.experts.map { Double($0.count) + 3 * stream } ?? 0 }

    /// Of a token, what the backward pass needs of a layer. Norms and gated neurons are computed again.
    private var keptValues: Double {
        2 * stream + queriesKeysValues + queries + 2 * Double(shape.heads) + projectedNeurons * neurons
    }

    /// Of a token, gradients and what is computed again, of one layer at a time.
    private var gradientValues: Double {
        4 * stream + queriesKeysValues + queries + (projectedNeurons + 2) * neurons
    }

    /// A forward pass of a frozen model: its layers, and what the head reads.
    ///
    /// - Parameters:
    ///   - tokens: run at once
    ///   - longest: tokens of a sequence, which is not divided
    func pass(_ tokens: Double, longest: Double = 0) -> Double {
        let rows = min(tokens, max(Double(DecoderModel.frozenPassTokens), longest))
        return 4 * passValues * rows + 4 * stream * tokens
    }

    /// Forward and backward pass of a model that is trained, without the head.
    ///
    /// - Parameters:
    ///   - tokens: of a batch
    ///   - targets: positions that the head reads
    func training(_ tokens: Double, targets: Double) -> Double {
        4 * tokens * (Double(shape.layers) * keptValues + gradientValues + 2 * stream) + 8 * targets * stream
    }

    /// Refitting the output projections of this model to those of the model that it was pruned from: weights, the residual streams
    /// of both, and the sums of the widest regression. While a feed-forward is added, its stream is held before, in and after the
    /// layer, with its neurons; the other model's once.
    func reconstruction(from whole: ModelCost, tokens: Double) -> Double {
        let sums = max(neurons, queries) * (max(neurons, queries) + stream)
        let values = max(
            3 * whole.stream + whole.neurons + stream, whole.stream + 3 * stream + neurons)
        return weightBytes + 4 * tokens * values + 3 * 8 * sums
    }

    /// What losses on activations compare: the residual stream, queries, keys and values after each layer.
    func activations(_ tokens: Double) -> Double {
        4 * tokens * (Double(shape.layers) * (stream + queriesKeysValues) + passValues)
    }

    /// A chunk of logits (see `LogitsChunks`).
    func logits(_ positions: Double) -> Double {
        let vocabulary = Double(shape.vocabularySize)
        return 4 * vocabulary * min(positions, max(128, Double(4 << 20) / max(vocabulary, 1)))
    }

    /// What answering holds: keys and values, and a pass over prompts or a token of each sequence.
    ///
    /// - Parameters:
    ///   - sequences: answered in all; `BatchGenerator` answers 16 at a time
    ///   - length: tokens of a prompt and its answer
    func generation(sequences: Double, length: Double) -> Double {
        let slots = min(16, max(sequences, 1))
        let positions = min(length, Double(shape.contextLength))
        // A pass has so many rows; products pack theirs.
        let rows = min(256, slots * positions)
        return 4 * slots * positions * Double(shape.layers) * keysValues
            + 4 * rows * (passValues + max(stream, neurons))
            // Logits: of all, and, as the last answers end, of fewer in buffers of half the size and less.
            + 2 * 4 * slots * Double(shape.vocabularySize)
    }
}
