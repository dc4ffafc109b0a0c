import Transformer

/// What running a model costs, from its shape.
///
/// In Double: sizes from a file may be absurd, and these are only estimates.
struct ModelCost {
    let shape: Configuration

    init(_ shape: Configuration) { self.shape = shape }

    /// Weights of the model.
    var parameters: Double { tableParameters + blocks + Double(shape.width) }

    /// Those of the embedding and the head.
    var tableParameters: Double { embedding * (shape.tiedHead ? 1 : 2) }

    /// Floating-point operations of one token's forward pass, without attention over the context.
    var forwardOperations: Double { 2 * (blocks + embedding) }

    /// Those of the head alone.
    var headOperations: Double { 2 * embedding }

    private var embedding: Double { Double(shape.vocabularySize) * Double(shape.width) }

    private var blocks: Double {
        let projections =
            2 * (Double(shape.heads) + Double(shape.keyValueHeads)) * Double(shape.headDimension)
            * Double(shape.width)
        let gated = 3 * Double(shape.width) * Double(shape.feedForward)
        return Double(shape.layers) * (projections + gated + 2 * Double(shape.width))
    }
}

extension Configuration {
    var cost: ModelCost { ModelCost(self) }

    /// Widths of queries, and of keys and values.
    var attentionWidths: [Int] { [heads * headDimension, keyValueHeads * headDimension] }

    /// Whether buffers of the two models have the same sizes.
    func hasSameSizes(as other: Configuration) -> Bool {
        func sizes(_ shape: Configuration) -> [Int] {
            [
                shape.layers, shape.width, shape.heads, shape.keyValueHeads, shape.headDimension,
                shape.feedForward, shape.vocabularySize, shape.contextLength,
            ]
        }
        return sizes(self) == sizes(other) && tiedHead == other.tiedHead
    }
}
