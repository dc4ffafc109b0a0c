import Tensors

// N positions of a batch, C width, H query heads, K key-value heads, D head dimension, F feed-forward width.

/// x · weightᵀ + residual: `linear` where gradients flow, `rowwiseLinear` in generation.
typealias Projection = (_ x: Tensor, _ weight: Tensor, _ residual: Tensor?) -> Tensor

/// One layer: x += attention(norm(x)); x += feedForward(norm(x)). Some families norm both outputs too.
public final class Block {
    /// Norm before attention, [C].
    public let attentionNorm: Tensor
    /// Projection of queries, keys and values, [(H + 2K)·D, C].
    public let queryKeyValue: Tensor
    /// Projection of the heads' outputs, [C, H·D].
    public let attentionOutput: Tensor
    /// Norm before the feed-forward, [C].
    public let feedForwardNorm: Tensor
    /// Projections to gates and ups, [2F, C].
    public let gateUp: Tensor
    /// Projection back to the residual stream, [C, F].
    public let down: Tensor
    /// [(H + 2K)·D]; of models whose queries, keys and values have biases
    public let queryKeyValueBias: Tensor?
    /// [C]; of models whose attention's output has a bias
    public let attentionOutputBias: Tensor?
    /// [D] each; of families that norm heads
    public let headNorms: (query: Tensor, key: Tensor)?
    /// [C] each; of families that norm outputs
    public let outputNorms: (attention: Tensor, feedForward: Tensor)?
    private let epsilon: Float
    private let gate: Gate
    private let shape: AttentionShape

    init(configuration: Configuration, shape: AttentionShape, parameter: (String) -> Tensor) {
        attentionNorm = parameter("attentionNorm.weight")
        queryKeyValue = parameter("attention.queryKeyValue.weight")
        attentionOutput = parameter("attention.output.weight")
        feedForwardNorm = parameter("feedForwardNorm.weight")
        gateUp = parameter("feedForward.gateUp.weight")
        down = parameter("feedForward.down.weight")
        queryKeyValueBias =
            configuration.hasQueryKeyValueBias ? parameter("attention.queryKeyValue.bias") : nil
        attentionOutputBias = configuration.hasAttentionBias ? parameter("attention.output.bias") : nil
        let family = configuration.family
        headNorms =
            family.normsHeads
            ? (parameter("attention.queryNorm.weight"), parameter("attention.keyNorm.weight")) : nil
        outputNorms =
            family.normsOutputs
            ? (parameter("attentionOutputNorm.weight"), parameter("feedForwardOutputNorm.weight")) : nil
        epsilon = configuration.normEpsilon
        gate = family.gate
        self.shape = shape
    }

    /// - Parameters:
    ///   - x: [N, C], the residual stream
    ///   - projection: how rows are multiplied by a weight
    ///   - observe: receives intermediate values
    ///   - attend: turns rows of queries, keys and values, [N, (H + 2K)·D], into attention's output, [N, H·D]
    /// - Returns: [N, C]
    func forward(
        _ x: Tensor, projection: Projection, observe: (ObservedPart, Tensor) -> Void,
        attend: (Tensor) -> Tensor
    ) -> Tensor {
        // Passes values through, so that observing does not prolong their lifetime.
        func observed(_ part: ObservedPart, _ values: Tensor) -> Tensor {
            observe(part, values)
            return values
        }
        var queryKeyValue = projection(observed(.normed, norm(x, attentionNorm)), queryKeyValue, nil)
        if let queryKeyValueBias { queryKeyValue = rowBias(queryKeyValue, queryKeyValueBias) }
        if let headNorms {
            queryKeyValue = headNorm(
                queryKeyValue, queryWeight: headNorms.query, keyWeight: headNorms.key, epsilon: epsilon,
                shape: shape)
        }
        let middle = join(
            observed(.heads, attend(queryKeyValue)), attentionOutput, bias: attentionOutputBias, to: x,
            norm: outputNorms?.attention, projection)
        let gated = gatedUnit(
            projection(observed(.normed, norm(middle, feedForwardNorm)), gateUp, nil), gate)
        observe(.neurons, gated)
        return join(gated, down, bias: nil, to: middle, norm: outputNorms?.feedForward, projection)
    }

    private func norm(_ x: Tensor, _ weight: Tensor) -> Tensor {
        rmsNorm(x, weight: weight, epsilon: epsilon)
    }

    /// Adds a part's projected output, normed if the family does so, to the residual stream.
    private func join(
        _ x: Tensor, _ weight: Tensor, bias: Tensor?, to residual: Tensor, norm: Tensor?,
        _ projection: Projection
    ) -> Tensor {
        let projected = projection(x, weight, norm == nil ? residual : nil)
        let y = bias.map { rowBias(projected, $0) } ?? projected
        guard let norm else { return y }
        return rmsNorm(y, weight: norm, epsilon: epsilon, adding: residual)
    }
}
