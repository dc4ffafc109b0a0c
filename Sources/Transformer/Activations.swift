import Tensors

// N positions of a batch, C width, H query heads, K key-value heads, D head dimension.

/// Intermediate values of a forward pass, for losses that compare hidden states, attention or relations.
public struct Activations: Sendable {
    /// The input of the head, after the last norm, [N, C].
    public let final: Tensor
    /// For each layer the residual stream after it, [N, C].
    public let hidden: [Tensor]
    /// For each layer its queries and keys, turned by their positions, and its values: [N, (H + 2K)·D].
    public let queryKeyValue: [Tensor]
    /// The extents of heads in `queryKeyValue`.
    public let shape: AttentionShape
}

/// A point of the forward pass that an observer receives values from.
enum ObservedPart {
    /// The input of the first layer, [N, C].
    case embedding
    /// The normed input of attention, then of the feed-forward, [N, C].
    case normed
    /// Turned queries and keys, and values, [N, (H + 2K)·D].
    case queryKeyValue
    /// The heads' outputs before the output projection, [N, H·D].
    case heads
    /// The gated neurons before the down projection, [N, F].
    case neurons
    /// The residual stream after a layer, [N, C].
    case residual
}

/// Receives intermediate values in the order of the computation.
typealias Observer = (_ part: ObservedPart, _ layer: Int, _ values: Tensor) -> Void
