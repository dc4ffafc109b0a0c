import Tensors

/// The shape of a decoder-only transformer of the Llama type: RMSNorm before each part, rotary positions,
/// grouped-query attention, SwiGLU.
public struct Configuration: Codable, Equatable, Sendable {
    /// Rows of the embedding table, V.
    public var vocabularySize: Int
    /// Channels of the residual stream, C.
    public var width: Int
    public var layers: Int
    /// Query heads, H.
    public var heads: Int
    /// Key-value heads, K; each serves H / K query heads.
    public var keyValueHeads: Int
    /// Components of a head, D.
    public var headDimension: Int
    /// Width of the gated feed-forward, F.
    public var feedForward: Int
    /// Base of the rotary frequencies.
    public var ropeTheta: Double
    public var normEpsilon: Float
    /// True when the output head is the embedding table.
    public var tiedHead: Bool
    /// Longest sequence, in positions.
    public var contextLength: Int

    public init(
        vocabularySize: Int, width: Int, layers: Int, heads: Int, keyValueHeads: Int? = nil,
        headDimension: Int? = nil, feedForward: Int, ropeTheta: Double = 10_000, normEpsilon: Float = 1e-5,
        tiedHead: Bool = true, contextLength: Int = 512
    ) {
        self.vocabularySize = vocabularySize
        self.width = width
        self.layers = layers
        self.heads = heads
        self.keyValueHeads = keyValueHeads ?? heads
        self.headDimension = headDimension ?? width / heads
        self.feedForward = feedForward
        self.ropeTheta = ropeTheta
        self.normEpsilon = normEpsilon
        self.tiedHead = tiedHead
        self.contextLength = contextLength
    }

    /// What makes the shape impossible, in words; empty when it is sound.
    public var problems: [String] {
        var problems: [String] = []
        let sizes = [
            ("vocabulary size", vocabularySize), ("width", width), ("layers", layers), ("heads", heads),
            ("key-value heads", keyValueHeads), ("head dimension", headDimension),
            ("feed-forward width", feedForward),
            ("context length", contextLength),
        ]
        for (name, size) in sizes where size < 1 { problems.append("\(name) \(size) is not positive") }
        // Keeps every product of extents below 2^63 and any plausible model far inside.
        for (name, size) in sizes where size > 1 << 24 { problems.append("\(name) \(size) is above 2^24") }
        guard problems.isEmpty else { return problems }
        if heads % keyValueHeads != 0 {
            problems.append("\(heads) heads cannot share \(keyValueHeads) key-value heads evenly")
        }
        if headDimension % 2 != 0 {
            problems.append("head dimension \(headDimension) is odd; rotary embedding pairs components")
        }
        return problems
    }

    public var attention: AttentionShape {
        AttentionShape(heads: heads, keyValueHeads: keyValueHeads, dimension: headDimension)
    }

    /// Weights in all, the embedding among them.
    public var parameterCount: Int {
        Decoder.parameterShapes(of: self).reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// Multiplications and additions of the forward pass for one position that sees `context` positions on average:
    /// the model's own matrix products, head included.
    public func forwardFLOPs(context: Double) -> Double {
        let attention = Double(
            (heads + 2 * keyValueHeads) * headDimension * width + heads * headDimension * width)
        let scores = 2 * context * Double(heads * headDimension)
        let feedForward = Double(3 * width * self.feedForward)
        return 2 * (Double(layers) * (attention + scores + feedForward) + Double(vocabularySize * width))
    }
}
