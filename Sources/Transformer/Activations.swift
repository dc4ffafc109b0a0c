import Tensors

// N positions of a batch, C width, H query heads, K key-value heads, D head dimension.

/// What lies inside a forward pass, for losses that compare models there.
public struct Activations: Sendable {
    /// [N, C], after the last norm: what the head reads.
    public let final: Tensor
    /// For each layer the residual stream after it, [N, C].
    public let hidden: [Tensor]
    /// For each layer its queries and keys, turned by their positions, and its values: [N, (H + 2K)·D].
    public let queryKeyValue: [Tensor]
    public let shape: AttentionShape
}

/// A place in the forward pass that can be looked at.
enum ObservedPart {
    /// What enters the first layer, [N, C].
    case embedding
    /// What a norm gives attention, and then the feed-forward, [N, C].
    case normed
    /// Turned queries and keys, and values, [N, (H + 2K)·D].
    case queryKeyValue
    /// What the heads give the output projection, [N, H·D].
    case heads
    /// What the gated neurons give the down projection, [N, F].
    case neurons
    /// The residual stream after a layer, [N, C].
    case residual
}

/// Receives what passes by, in the order of the computation.
typealias Observer = (_ part: ObservedPart, _ layer: Int, _ values: Tensor) -> Void
