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
