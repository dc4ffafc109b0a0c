import Tensors

/// The shape of a decoder-only transformer: RMSNorm before each part, rotary positions, grouped-query attention, a gated
/// feed-forward, and what its family adds.
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
    /// Width of the gated feed-forward, F.
    public var feedForward: Int
    /// Base of the rotary frequencies.
    public var ropeTheta: Double
    /// Added to the mean square in RMSNorm.
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
        rotaryDimension: Int? = nil, layersWithoutRope: [Int]? = nil
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
    }

    /// Whether queries, keys, values and attention's output have biases.
    public var hasAttentionBias: Bool { attentionBias == true }

    /// Whether queries, keys and values have biases, with attention's output or without.
    public var hasQueryKeyValueBias: Bool { hasAttentionBias || family.biasesQueryKeyValue }

    /// Components of a head that are turned.
    public var turnedComponents: Int { rotaryDimension ?? headDimension }

    /// What is wrong with the shape, as messages; empty when it is valid.
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
        if let turned = rotaryDimension, turned < 2 || turned % 2 != 0 || turned > headDimension {
            problems.append("\(turned) turned components of a head with \(headDimension)")
        }
        if let window = slidingWindow {
            if window.size < 1 { problems.append("a sliding window of \(window.size) positions") }
            if let layer = window.layers.first(where: { !(0..<layers).contains($0) }) {
                problems.append("a sliding window in layer \(layer) of \(layers)")
            }
        }
        if let layer = layersWithoutRope?.first(where: { !(0..<layers).contains($0) }) {
            problems.append("no rotary embedding in layer \(layer) of \(layers)")
        }
        let positive = [
            ("rotary base", ropeTheta), ("rotary base of windowed layers", slidingWindow?.ropeTheta ?? 1),
            ("norm epsilon", Double(normEpsilon)), ("query scalar", queryScalar ?? 1),
            ("attention soft cap", Double(attentionSoftCap ?? 1)),
            ("logit soft cap", Double(logitSoftCap ?? 1)),
        ]
        for (name, value) in positive where !(value > 0 && value.isFinite) {
            problems.append("\(name) \(value) is not positive")
        }
        return problems + misfits
            + (ropeScaling?.problems(dimension: turnedComponents, theta: ropeTheta) ?? [])
    }

    /// Choices that the family does not have.
    private var misfits: [String] {
        let made: [(Family.Choices, name: String, isMade: Bool)] = [
            (.queryScalar, "query scalar", queryScalar != nil),
            (.softCaps, "soft caps", attentionSoftCap != nil || logitSoftCap != nil),
            (.slidingWindow, "sliding window", slidingWindow != nil),
            (.attentionBiases, "attention biases", hasAttentionBias),
            (.layersWithoutRope, "layers without rotary embedding", layersWithoutRope?.isEmpty == false),
            (.partialRotary, "partial rotary embedding", turnedComponents != headDimension),
            (.windowedRopeBase, "second rotary base", slidingWindow?.ropeTheta != nil),
            (
                .layersWithoutWindow, "layers without the window",
                slidingWindow.map { $0.layers.count != layers } ?? false
            ),
        ]
        return made.filter { $0.isMade && !family.choices.contains($0.0) }.map {
            "\(family.name) models have no \($0.name)"
        }
    }

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
    var embeddingScale: Float { family.scalesEmbeddings ? Float(Double(width).squareRoot()) : 1 }

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
        let feedForward = Double(3 * width * self.feedForward)
        let seen = self.attention.reduce(0) { $0 + min(context, Double($1.window ?? .max)) }
        let scores = 2 * seen * Double(heads * headDimension)
        return 2 * (Double(layers) * (attention + feedForward) + scores + Double(vocabularySize * width))
    }
}
