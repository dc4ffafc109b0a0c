import Transformer

/// What running a model costs, from its shape.
///
/// In Double: sizes from a file may be absurd, and these are only estimates.
struct ModelCost {
    let shape: Configuration

    init(_ shape: Configuration) { self.shape = shape }

    /// Weights of the model.
    var parameters: Double {
        tableParameters + blocks(experts: shape.experts.map { Double($0.count) } ?? 1) + Double(shape.width)
    }

    /// Those of the embedding, of learned positions and of the head.
    var tableParameters: Double {
        let positions = shape.family.positions == .learned ? Double(shape.contextLength) : 0
        return embedding * (shape.tiedHead ? 1 : 2) + positions * Double(shape.width)
    }

    /// Values of a feed-forward's first projection over its width: gates and ups, or ups alone.
    var projectedNeurons: Double { Double(shape.family.feedForward.matrices - 1) }

    /// Floating-point operations of one token's forward pass, without attention over the context.
    var forwardOperations: Double {
        2 * (blocks(experts: shape.experts.map { Double($0.perToken) } ?? 1) + embedding)
    }

    /// Those of the head alone.
    var headOperations: Double { 2 * embedding }

    private var embedding: Double { Double(shape.vocabularySize) * Double(shape.width) }

    /// Weights of all layers, with so many experts in each.
    private func blocks(experts: Double) -> Double {
        let projections =
            2 * (Double(shape.heads) + Double(shape.keyValueHeads)) * Double(shape.headDimension)
            * Double(shape.width)
        let feedForward = (projectedNeurons + 1) * Double(shape.width) * Double(shape.feedForward)
        let router = shape.experts.map { Double($0.count) * Double(shape.width) } ?? 0
        return Double(shape.layers)
            * (projections + experts * feedForward + router + 2 * Double(shape.width))
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
        return sizes(self) == sizes(other) && tiedHead == other.tiedHead && experts == other.experts
            && cost.projectedNeurons == other.cost.projectedNeurons
    }
}
