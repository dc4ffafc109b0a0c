import Tensors

// N positions of a batch, C width, H query heads, K key-value heads, D head dimension.

/// x · weightᵀ + residual: `linear` where gradients flow, `rowwiseLinear` in generation.
typealias Projection = (_ x: Tensor, _ weight: Tensor, _ residual: Tensor?) -> Tensor

/// One layer: x += attention(norm(x)); x += feedForward(norm(x)). Some families norm the outputs, too or instead; in some the
/// feed-forward reads the same x as attention.
final class Block {
    /// Norm before attention; nil where attention reads the residual stream itself.
    private let attentionNorm: Norm?
    /// Projection of queries, keys and values, [(H + 2K)·D, C].
    private let queryKeyValue: Tensor
    /// Projection of the heads' outputs, [C, H·D].
    private let attentionOutput: Tensor
    /// Norm before the feed-forward; nil where that reads the residual stream itself.
    private let feedForwardNorm: Norm?
    private let feedForward: Part
    /// [(H + 2K)·D]; of models whose queries, keys and values have biases
    private let queryKeyValueBias: Tensor?
    /// [C]; of models whose attention's output has a bias
    private let attentionOutputBias: Tensor?
    /// [D] each, or [H·D] and [K·D]; of families that norm queries and keys
    private let queryKeyNorms: (query: Tensor, key: Tensor)?
    /// [C] each; of families that norm outputs
    private let outputNorms: (attention: Tensor, feedForward: Tensor)?
    let isParallel: Bool
    private let residualScale: Float
    private let epsilon: Float
    private let shape: AttentionShape

    /// One feed-forward, or several with a router.
    private enum Part {
        case one(FeedForward)
        case experts(ExpertLayer)
    }

    init(configuration: Configuration, shape: AttentionShape, parameter: (String) -> Tensor) {
        let family = configuration.family
        func norm(_ name: String) -> Norm? {
            family.normsInputs ? Norm(name, of: configuration, parameter: parameter) : nil
        }
        attentionNorm = norm("attentionNorm")
        queryKeyValue = parameter("attention.queryKeyValue.weight")
        attentionOutput = parameter("attention.output.weight")
        feedForwardNorm = norm("feedForwardNorm")
        feedForward =
            configuration.experts.map {
                .experts(ExpertLayer(configuration: configuration, $0, parameter: parameter))
            } ?? .one(FeedForward(configuration: configuration, parameter: parameter))
        queryKeyValueBias =
            configuration.hasQueryKeyValueBias ? parameter("attention.queryKeyValue.bias") : nil
        attentionOutputBias = configuration.hasAttentionBias ? parameter("attention.output.bias") : nil
        queryKeyNorms = family.queryKeyNorm.map { _ in
            (parameter("attention.queryNorm.weight"), parameter("attention.keyNorm.weight"))
        }
        outputNorms =
            family.normsOutputs
            ? (parameter("attentionOutputNorm.weight"), parameter("feedForwardOutputNorm.weight")) : nil
        isParallel = configuration.parallelResidual == true
        residualScale = configuration.residualScale
        epsilon = configuration.normEpsilon
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
        let middle = addAttention(
            heads(x, projection, observe: observe, attend: attend), to: x, projection)
        let input = isParallel ? x : middle
        guard case .experts(let experts) = feedForward else {
            return addNeurons(neurons(input, projection, observe: observe), to: middle, projection)
        }
        let normed = Self.observed(feedForwardNorm?(input) ?? input, as: .normed, observe)
        return add(experts.output(normed, projection), to: middle, norm: outputNorms?.feedForward)
    }

    // Values are passed through, so that observing does not prolong their lifetime.
    private static func observed(
        _ values: Tensor, as part: ObservedPart, _ observe: (ObservedPart, Tensor) -> Void
    ) -> Tensor {
        observe(part, values)
        return values
    }

    /// What attention's heads give the output projection, [N, H·D].
    func heads(
        _ x: Tensor, _ projection: Projection, observe: (ObservedPart, Tensor) -> Void = { _, _ in },
        attend: (Tensor) -> Tensor
    ) -> Tensor {
        var queryKeyValue = projection(
            Self.observed(attentionNorm?(x) ?? x, as: .normed, observe), queryKeyValue, nil)
        if let queryKeyValueBias { queryKeyValue = rowBias(queryKeyValue, queryKeyValueBias) }
        if let queryKeyNorms {
            queryKeyValue = headNorm(
                queryKeyValue, queryWeight: queryKeyNorms.query, keyWeight: queryKeyNorms.key,
                epsilon: epsilon, shape: shape)
        }
        return Self.observed(attend(queryKeyValue), as: .heads, observe)
    }

    /// Adds the projected heads to the residual stream.
    ///
    /// - Parameter weight: in place of the block's own output projection
    func addAttention(_ heads: Tensor, to x: Tensor, _ projection: Projection, weight: Tensor? = nil)
        -> Tensor
    {
        join(
            heads, weight ?? attentionOutput, bias: attentionOutputBias, to: x, norm: outputNorms?.attention,
            projection)
    }

    /// What the feed-forward's neurons give the down projection, [N, F]; of layers without experts.
    ///
    /// - Parameter x: what the feed-forward reads: the residual stream after attention, or before it if the two are parallel
    func neurons(
        _ x: Tensor, _ projection: Projection, observe: (ObservedPart, Tensor) -> Void = { _, _ in }
    ) -> Tensor {
        let normed = Self.observed(feedForwardNorm?(x) ?? x, as: .normed, observe)
        return Self.observed(single.neurons(normed, projection), as: .neurons, observe)
    }

    /// Adds the projected neurons to the residual stream; of layers without experts.
    ///
    /// - Parameter weight: in place of the block's own down projection
    func addNeurons(
        _ neurons: Tensor, to x: Tensor, _ projection: Projection, weight: Tensor? = nil
    ) -> Tensor {
        join(
            neurons, weight ?? single.down, bias: single.downBias, to: x, norm: outputNorms?.feedForward,
            projection)
    }

    private var single: FeedForward {
        guard case .one(let part) = feedForward else { preconditionFailure("a layer of experts") }
        return part
    }

    /// Adds a part's projected output to the residual stream, normed and scaled if the model does so.
    private func join(
        _ x: Tensor, _ weight: Tensor, bias: Tensor?, to residual: Tensor, norm: Tensor?,
        _ projection: Projection
    ) -> Tensor {
        let isPlain = norm == nil && residualScale == 1
        let projected = projection(x, weight, isPlain ? residual : nil)
        let y = bias.map { rowBias(projected, $0) } ?? projected
        return isPlain ? y : add(y, to: residual, norm: norm)
    }

    /// Adds a part's output to the residual stream, normed and scaled if the model does so.
    private func add(_ y: Tensor, to residual: Tensor, norm: Tensor?) -> Tensor {
        if let norm, residualScale == 1 {
            return rmsNorm(y, weight: norm, epsilon: epsilon, adding: residual)
        }
        let normed = norm.map { rmsNorm(y, weight: $0, epsilon: epsilon) } ?? y
        return scaledSum(normed, by: residualScale, adding: residual)
    }
}
