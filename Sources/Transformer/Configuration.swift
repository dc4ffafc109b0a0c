import Tensors

/// The shape of a decoder-only transformer: attention and a feed-forward in each layer, and what its family and it itself
/// choose of norms, positions, biases and scales.
public struct Configuration: Encodable, Equatable, Sendable {
    /// The family, whose switches the decoder follows.
    public var family: Family
    /// Rows of the embedding table, V.
    public var vocabularySize: Int
    /// Channels of the residual stream, C.
    public var width: Int
    /// Number of layers.
    public var layers: Int
    /// Query heads, H.
    public var heads: Int
    /// Key-value heads, K; each serves H / K query heads.
    public var keyValueHeads: Int
    /// Components of a head, D.
    public var headDimension: Int
    /// Width of the feed-forward, or of each expert's, F.
    public var feedForward: Int
    /// Base of the rotary frequencies.
    public var ropeTheta: Double
    /// Added to the mean square, or to the variance, in norms.
    public var normEpsilon: Float
    /// True when the output head is the embedding table.
    public var tiedHead: Bool
    /// Longest sequence, in positions.
    public var contextLength: Int
    /// How rotary frequencies are changed for long contexts; nil for not at all.
    public var ropeScaling: RopeScaling?
    /// The layers whose queries see only the last positions; nil for none.
    public var slidingWindow: SlidingWindow?
    /// Attention scores are divided by the square root of this; nil for the head dimension.
    public var queryScalar: Double?
    /// Bound of attention scores; nil for none.
    public var attentionSoftCap: Float?
    /// Bound of logits; nil for none.
    public var logitSoftCap: Float?
    /// Whether queries, keys, values and attention's output have biases; nil for no. Optional so that shapes without it are
    /// encoded as ever.
    public var attentionBias: Bool?
    /// Components of a head that are turned, its first ones; nil for all.
    public var rotaryDimension: Int?
    /// The layers whose queries and keys are not turned, ascending; nil for none (arXiv 2305.19466).
    public var layersWithoutRope: [Int]?
    /// Factors of embeddings, of what joins the residual stream, and of logits; nil for none.
    public var multipliers: Multipliers?
    /// Whether attention and the feed-forward of a layer read the same residual stream, x + attention(x) + feedForward(x), as in
    /// GPT-J and GPT-NeoX (arXiv 2204.06745); nil for no.
    public var parallelResidual: Bool?
    /// The experts in place of each feed-forward; nil for one feed-forward.
    public var experts: Experts?

    /// A shape by its extents. What is left out is as in a small Llama: as many key-value heads as heads, heads that divide the
    /// width, a tied head.
    ///
    /// Nothing is checked here: see `problems`.
    public init(
        family: Family = .llama, vocabularySize: Int, width: Int, layers: Int, heads: Int,
        keyValueHeads: Int? = nil,
        headDimension: Int? = nil, feedForward: Int, ropeTheta: Double = 10_000, normEpsilon: Float = 1e-5,
        tiedHead: Bool = true, contextLength: Int = 512,
        ropeScaling: RopeScaling? = nil, slidingWindow: SlidingWindow? = nil, queryScalar: Double? = nil,
        attentionSoftCap: Float? = nil, logitSoftCap: Float? = nil, attentionBias: Bool? = nil,
        rotaryDimension: Int? = nil, layersWithoutRope: [Int]? = nil, multipliers: Multipliers? = nil,
        parallelResidual: Bool? = nil, experts: Experts? = nil
    ) {
        self.family = family
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
        self.ropeScaling = ropeScaling
        self.slidingWindow = slidingWindow
        self.queryScalar = queryScalar
        self.attentionSoftCap = attentionSoftCap
        self.logitSoftCap = logitSoftCap
        self.attentionBias = attentionBias
        self.rotaryDimension = rotaryDimension
        self.layersWithoutRope = layersWithoutRope
        self.multipliers = multipliers
        self.parallelResidual = parallelResidual
        self.experts = experts
    }

    /// Whether queries, keys, values and attention's output have biases.
    public var hasAttentionBias: Bool { attentionBias == true || family.biases == .all }

    /// Whether queries, keys and values have biases, with attention's output or without.
    public var hasQueryKeyValueBias: Bool { hasAttentionBias || family.biases == .queryKeyValue }

    /// Whether the feed-forward's projections have biases.
    public var hasFeedForwardBias: Bool { family.biases == .all }

    /// Components of a head that are turned.
    public var turnedComponents: Int { rotaryDimension ?? headDimension }

    /// Attention of each layer.
    public var attention: [AttentionShape] {
        let windowed = Set(slidingWindow?.layers ?? [])
        return (0..<layers).map { layer in
            AttentionShape(
                heads: heads, keyValueHeads: keyValueHeads, dimension: headDimension,
                scale: queryScalar.map { Float(1 / $0.squareRoot()) }, softCap: attentionSoftCap,
                window: windowed.contains(layer) ? slidingWindow?.size : nil)
        }
    }

    /// Factor of embeddings.
    var embeddingScale: Float {
        family.scalesEmbeddings ? Float(Double(width).squareRoot()) : Float(multipliers?.embedding ?? 1)
    }

    /// Factor of what attention and the feed-forward add to the residual stream.
    var residualScale: Float { Float(multipliers?.residual ?? 1) }

    /// Factor of the final hidden states, and so of logits.
    var hiddenScale: Float { Float(1 / (multipliers?.logitDivisor ?? 1)) }

    /// Default number of positions of a cache: those that the short rotary factors are made for, where a model has such.
    var cacheLength: Int { min(contextLength, ropeScaling?.shortContext ?? contextLength) }

    /// Weights in all, the embedding among them.
    public var parameterCount: Int {
        DecoderModel.parameterShapes(of: self).reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// Multiplications and additions of the forward pass for one position that sees `context` positions on average:
    /// the model's own matrix products, head included.
    public func forwardFLOPs(context: Double) -> Double {
        let attention = Double(
            (heads + 2 * keyValueHeads) * headDimension * width + heads * headDimension * width)
        let seen = self.attention.reduce(0) { $0 + min(context, Double($1.window ?? .max)) }
        let scores = 2 * seen * Double(heads * headDimension)
        return 2
            * (Double(layers) * (attention + feedForwardMultiplications) + scores
                + Double(vocabularySize * width))
    }
}
