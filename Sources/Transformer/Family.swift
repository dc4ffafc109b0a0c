import Tensors

/// A family of models, each a few switches of the one decoder.
///
/// What a family fixes is told here; what its models choose is in `Configuration`.
public enum Family: String, CaseIterable, Codable, Sendable {
    /// Llama 1 and 2, TinyLlama, Llama-like models (Touvron et al. 2023, arXiv 2307.09288).
    case llama
    /// Llama with a sliding window (Jiang et al. 2023, arXiv 2310.06825).
    case mistral
    /// Scaled embeddings and GeGLU (arXiv 2403.08295).
    case gemma
    /// Norms after each part too, soft caps, windows in every other layer (arXiv 2408.00118).
    case gemma2
    /// Norms of queries and keys, windows in five of six layers (arXiv 2503.19786).
    case gemma3
    /// Llama, its projections stored together (Abdin et al. 2024, arXiv 2404.14219).
    case phi3

    public var isGemma: Bool { [.gemma, .gemma2, .gemma3].contains(self) }
    /// What the feed-forward's gate passes through.
    public var gate: Gate { isGemma ? .geluTanh : .silu }
    /// Whether attention's and the feed-forward's outputs are normed before they join the residual stream.
    public var normsOutputs: Bool { self == .gemma2 || self == .gemma3 }
    /// Whether queries and keys are normed, head by head.
    public var normsHeads: Bool { self == .gemma3 }
    /// Whether embeddings are multiplied by √width.
    public var scalesEmbeddings: Bool { isGemma }
}

/// Layers whose queries see only the last positions.
public struct SlidingWindow: Codable, Equatable, Sendable {
    /// Keys that a query sees, its own among them.
    public var size: Int
    /// The layers with a window, rising.
    public var layers: [Int]
    /// Base of these layers' rotary frequencies, which no scaling changes; nil for the model's own, scaled.
    public var ropeTheta: Double?

    public init(size: Int, layers: [Int], ropeTheta: Double? = nil) {
        self.size = size
        self.layers = layers
        self.ropeTheta = ropeTheta
    }
}
