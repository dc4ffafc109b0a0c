import Tensors

// N positions of a batch, C width, H query heads, K key-value heads, D head dimension, F feed-forward width.

/// x · weightᵀ + residual: `linear` where gradients flow, `rowwiseLinear` in generation.
typealias Projection = (_ x: Tensor, _ weight: Tensor, _ residual: Tensor?) -> Tensor

/// One layer: x += attention(norm(x)); x += feedForward(norm(x)).
public final class Block {
    public let attentionNorm: Tensor  // [C]
    public let queryKeyValue: Tensor  // [(H + 2K)·D, C]
    public let attentionOutput: Tensor  // [C, H·D]
    public let feedForwardNorm: Tensor  // [C]
    public let gateUp: Tensor  // [2F, C]
    public let down: Tensor  // [C, F]
    private let epsilon: Float

    init(configuration: Configuration, parameter: (String) -> Tensor) {
        attentionNorm = parameter("attentionNorm.weight")
        queryKeyValue = parameter("attention.queryKeyValue.weight")
        attentionOutput = parameter("attention.output.weight")
        feedForwardNorm = parameter("feedForwardNorm.weight")
        gateUp = parameter("feedForward.gateUp.weight")
        down = parameter("feedForward.down.weight")
        epsilon = configuration.normEpsilon
    }

    /// - Parameters:
    ///   - x: [N, C], the residual stream
    ///   - projection: how rows are multiplied by a weight
    ///   - attend: turns rows of queries, keys and values, [N, (H + 2K)·D], into attention's output, [N, H·D]
    /// - Returns: [N, C]
    func forward(_ x: Tensor, projection: Projection, attend: (Tensor) -> Tensor) -> Tensor {
        let attended = attend(
            projection(rmsNorm(x, weight: attentionNorm, epsilon: epsilon), queryKeyValue, nil))
        let middle = projection(attended, attentionOutput, x)
        let gates = projection(rmsNorm(middle, weight: feedForwardNorm, epsilon: epsilon), gateUp, nil)
        return projection(swiGLU(gates), down, middle)
    }
}
