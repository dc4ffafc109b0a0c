import Support
import Tensors

// N positions of a batch, C width, C' width of the pruned decoder, F feed-forward width, H query heads, D head dimension.

extension DecoderModel {
    /// Why output projections of such a decoder cannot be refitted; nil if they can.
    public static func reconstructionFault(of configuration: Configuration) -> String? {
        if configuration.experts != nil { return "a mixture of experts cannot be reconstructed" }
        guard configuration.family.normsOutputs else { return nil }
        return
            "\(configuration.family.name) models norm what their layers add, which no linear projection can fit"
    }

    /// A pruned decoder with its output projections refitted, so that its residual stream is again that of the whole decoder, as far
    /// as what is left allows: layer-wise reconstruction by least squares.
    ///
    /// In each layer the projection of the heads, then that of the neurons, is changed by the smallest matrix that brings the stream
    /// closest to the whole decoder's at the same place. After the neurons that is the input of the next layer that was kept, so
    /// that they also make up for the layers removed in between. What a projection reads comes from the layers refitted before
    /// it, so errors do not add up. (Neurons: ThiNet, Luo et al. 2017, arXiv 1707.06342. Layers: ReplaceMe, Shopkhoev et al.
    /// 2025, arXiv 2505.02819.)
    ///
    /// - Parameters:
    ///   - whole: the decoder that this one was pruned from, with the same vocabulary
    ///   - selection: what was kept of it
    ///   - batch: a sample of text, an order of magnitude more tokens than a layer has neurons
    ///   - progress: receives the number of layers done
    /// - Throws: `UserError` where activations are infinite or NaN
    public func reconstructed(
        from whole: DecoderModel, keeping selection: DecoderSelection, on batch: TokenBatch,
        progress: (Int) -> Void = { _ in }
    ) throws -> DecoderModel {
        precondition(
            Self.reconstructionFault(of: whole.configuration) == nil, "refused: see `reconstructionFault`")
        // Enough groups to hold some out.
        let groups = batch.groups(ofTokens: min(Self.frozenPassTokens, batch.ids.count / 8))
            .map(batch.sequences)
        let layers = selection.layers ?? Array(0..<whole.configuration.layers)
        var weights = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.tensor) })
        try withoutGradients {
            var target = ResidualStream(of: whole, groups)
            var stream = ResidualStream(of: self, groups)
            for (layer, original) in layers.enumerated() {
                func refit(_ name: String, _ step: ResidualStream.Step) throws {
                    let name = "blocks.\(layer).\(name).weight"
                    weights[name] = try stream.refit(
                        weights[name]!, of: step, to: target.values, channels: selection.channels)
                }
                target.pass(until: original)
                target.add(target.attention())
                try refit("attention.output", stream.attention())
                target.add(target.feedForward())
                target.pass(until: layer + 1 < layers.count ? layers[layer + 1] : whole.blocks.count)
                try refit("feedForward.down", stream.feedForward())
                progress(layer + 1)
            }
        }
        return try DecoderModel(configuration: configuration, parameters: weights)
    }
}

/// The residual stream of a decoder over a batch, computed half a layer at a time.
private struct ResidualStream {
    /// What half a layer adds to the stream.
    struct Step {
        /// What the output projection reads, for each group of sequences: [N, H·D] or [N, F].
        let inputs: [Tensor]
        /// The stream with the inputs projected by a weight, or by the layer's own, and added.
        let added: (_ inputs: Tensor, _ values: Tensor, _ weight: Tensor?) -> Tensor
        /// Whether it is the second half of its layer.
        let completesLayer: Bool
    }

    private let decoder: DecoderModel
    private let groups: [TokenBatch]
    private var layer = 0
    /// Before the present layer, [N, C] for each group.
    private var before: [Tensor]
    /// [N, C] for each group.
    private(set) var values: [Tensor]

    init(of decoder: DecoderModel, _ groups: [TokenBatch]) {
        self.decoder = decoder
        self.groups = groups
        values = groups.map { decoder.firstResidual(decoder.embedded($0.ids), positions: $0.positions) }
        before = values
    }

    private var block: Block { decoder.blocks[layer] }

    private static func project(_ x: Tensor, _ weight: Tensor, _ residual: Tensor?) -> Tensor {
        linear(x, weight: weight, adding: residual)
    }

    func attention() -> Step {
        let (decoder, layer, block) = (decoder, layer, block)
        let inputs = zip(values, groups).map { values, batch in
            block.heads(values, Self.project) {
                causalAttention(
                    decoder.turned($0, layer: layer, positions: batch.positions, context: batch.longest),
                    segments: batch.segments, shape: decoder.attention[layer])
            }
        }
        return Step(
            inputs: inputs,
            added: { block.addAttention($0, to: $1, Self.project, weight: $2) }, completesLayer: false)
    }

    func feedForward() -> Step {
        let block = block
        return Step(
            inputs: (block.isParallel ? before : values).map { block.neurons($0, Self.project) },
            added: { block.addNeurons($0, to: $1, Self.project, weight: $2) }, completesLayer: true)
    }

    /// - Parameter weight: in place of the layer's own
    mutating func add(_ step: Step, weight: Tensor? = nil) {
        values = zip(step.inputs, values).map { step.added($0, $1, weight) }
        guard step.completesLayer else { return }
        before = values
        layer += 1
    }

    /// Passes through whole layers up to one.
    mutating func pass(until end: Int) {
        while layer < end {
            add(attention())
            add(feedForward())
        }
    }

    /// Of the change of a projection, as fractions of its inputs' mean square. The first leaves a projection nearly as it is; it is
    /// taken where there is too little text to hold some out.
    private static let penalties = [10, 1, 0.1, 1e-2, 1e-3, 1e-4]

    /// Adds a step by the weight that brings the stream closest to another.
    ///
    /// - Parameters:
    ///   - weight: the step's output projection
    ///   - target: [N, C] for each group
    ///   - channels: of the target, those that this stream has; nil for all
    /// - Returns: the weight
    /// - Throws: `UserError` where activations are infinite or NaN
    mutating func refit(
        _ weight: Tensor, of step: Step, to target: [Tensor], channels: [Int]?
    ) throws -> Tensor {
        // Every fourth group is held out to choose the penalty.
        var fitted = RidgeRegression(inputs: weight.width, outputs: weight.rows)
        var heldOut = fitted
        for (index, ((inputs, values), target)) in zip(zip(step.inputs, values), target).enumerated() {
            let missing = scaledSum(
                step.added(inputs, values, nil), by: -1,
                adding: channels.map { target.selecting(columns: $0) } ?? target)
            let wanted = scaledSum(missing, by: 1 / decoder.configuration.residualScale)
            if index % 4 == 3 { heldOut.add(inputs, wanted) } else { fitted.add(inputs, wanted) }
        }
        let errors = Self.penalties.map { fitted.solution(penalty: $0).map(heldOut.error) ?? .infinity }
        let best = errors.indices.min { errors[$0] < errors[$1] }!
        fitted.add(heldOut)
        guard let change = fitted.solution(penalty: Self.penalties[best]) else {
            throw UserError.nonFiniteOutput("on the text that the pruned model is fitted to")
        }
        let refitted = scaledSum(change, by: 1, adding: weight.dequantized())
        add(step, weight: refitted)
        return refitted
    }
}
