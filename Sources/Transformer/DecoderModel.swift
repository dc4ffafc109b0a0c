import Support
import Tensors

/// The decoder-only transformer of teachers and students.
public final class DecoderModel: @unchecked Sendable {
    /// The shape.
    public let configuration: Configuration
    /// [V, C]
    public let embeddingTable: Tensor
    /// The layers, first to last.
    let blocks: [Block]
    /// [positions, C]; of families with learned positions
    let positionTable: Tensor?
    /// Of the last layer's output.
    private let finalNorm: Norm
    /// Its weight, [V, C], is the embedding table itself when the head is tied.
    public let head: OutputHead
    /// Every weight by name, in a fixed order.
    public let parameters: [(name: String, tensor: Tensor)]
    /// Attention of each layer.
    let attention: [AttentionShape]
    /// nil in families with learned positions
    private let rotary: RotaryTables?

    /// A decoder around weights that exist.
    ///
    /// - Throws: `UserError` when a weight is missing, left over, or has another shape; all faults in one message.
    public convenience init(configuration: Configuration, parameters given: [String: Tensor]) throws {
        let problems = configuration.problems
        guard problems.isEmpty else {
            throw UserError(
                "impossible model shape: " + problems.joined(separator: "; "), status: .configuration)
        }
        let shapes = Self.parameterShapes(of: configuration)
        try Self.check(given, against: shapes)
        self.init(
            configuration: configuration, parameters: shapes.map { ($0.name, given[$0.name]!) },
            rotary: configuration.family.positions == .rotary ? RotaryTables(configuration) : nil)
    }

    private init(
        configuration: Configuration, parameters: [(name: String, tensor: Tensor)], rotary: RotaryTables?,
        missing: [Int32] = []
    ) {
        self.configuration = configuration
        self.parameters = parameters
        self.rotary = rotary
        let given = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.tensor) })
        embeddingTable = given["embedding.weight"]!
        let attention = configuration.attention
        self.attention = attention
        blocks = (0..<configuration.layers).map { layer in
            Block(configuration: configuration, shape: attention[layer]) {
                given["blocks.\(layer).\($0)"]!
            }
        }
        positionTable = given["positions.weight"]
        finalNorm = Norm("norm", of: configuration) { given[$0]! }
        head = OutputHead(
            weight: given["head.weight"] ?? given["embedding.weight"]!, softCap: configuration.logitSoftCap,
            missing: missing)
    }

    /// The same model, in which some pieces have no probability.
    func lacking(_ missing: [Int32]) -> DecoderModel {
        DecoderModel(
            configuration: configuration, parameters: parameters, rotary: rotary, missing: missing)
    }

    /// The model with fake-quantized weights: each matrix rounded as `Checkpoint.export` would write it, for quantization-aware
    /// training. Gradients pass straight through to this model's weights.
    ///
    /// - Parameter dtype: the type of export
    public func fakeQuantized(to dtype: DType) -> DecoderModel {
        let rounded = parameters.map { name, tensor in
            Self.isNeverQuantized(name, shape: tensor.shape)
                ? (name, tensor)
                : (name, Tensors.fakeQuantized(tensor, to: dtype.fitting(width: tensor.width)))
        }
        return DecoderModel(configuration: configuration, parameters: rounded, rotary: rotary)
    }

    /// A decoder with random weights: normal with deviation 0.02, and 0.02 / √(2·layers) where a block adds to the
    /// residual stream (Radford et al. 2019); norms at 1, biases at 0.
    /// - Throws: `UserError` that lists what makes the shape impossible.
    public convenience init(configuration: Configuration, seed: UInt64) throws {
        let residualDeviation = 0.02 / Float(2 * max(configuration.layers, 1)).squareRoot()
        guard configuration.problems.isEmpty else {
            try self.init(configuration: configuration, parameters: [:])
            return
        }
        var parameters: [String: Tensor] = [:]
        for (index, (name, shape)) in Self.parameterShapes(of: configuration).enumerated() {
            if shape.count == 1 {
                let value: Float = name.hasSuffix(".bias") ? 0 : 1
                parameters[name] = Tensor(shape: shape, values: Array(repeating: value, count: shape[0]))
            } else {
                let addsToResidual = name.hasSuffix("output.weight") || name.hasSuffix("down.weight")
                parameters[name] = Tensor.normal(
                    shape, deviation: addsToResidual ? residualDeviation : 0.02,
                    from: RandomStream(seed: seed, purpose: "initial weights", index: UInt64(index)))
            }
        }
        try self.init(configuration: configuration, parameters: parameters)
    }

    /// Makes every weight gather gradients (a student), or none (a frozen teacher).
    public func requireGradients(_ wanted: Bool = true) {
        for (_, tensor) in parameters { tensor.requiringGradient(wanted) }
    }

    /// Final hidden states, after the last norm: what the head turns into logits.
    ///
    /// - Returns: [N, C]
    public func hiddenStates(_ batch: TokenBatch) -> Tensor { forward(batch) { _, _, _ in } }

    /// The forward pass with its intermediate values.
    public func activations(_ batch: TokenBatch) -> Activations {
        var (hidden, queryKeyValue) = ([Tensor](), [Tensor]())
        let final = forward(batch) { part, _, tensor in
            switch part {
            case .queryKeyValue: queryKeyValue.append(tensor)
            case .residual: hidden.append(tensor)
            case .embedding, .normed, .heads, .neurons: break
            }
        }
        return Activations(
            final: final, hidden: hidden, queryKeyValue: queryKeyValue, shape: attention[0])
    }

    /// The forward pass of a batch, with an observer of its intermediate values.
    func forward(_ batch: TokenBatch, observe: Observer) -> Tensor {
        precondition(
            batch.longest <= configuration.contextLength,
            "a sequence of \(batch.longest) tokens exceeds the context of \(configuration.contextLength)")
        return forward(
            batch.ids, embeddings: batch.embeddings, positions: batch.positions, context: batch.longest,
            projection: linear, observe: observe
        ) { layer, queryKeyValue in
            observe(.queryKeyValue, layer, queryKeyValue)
            return causalAttention(queryKeyValue, segments: batch.segments, shape: attention[layer])
        }
    }

    /// The forward pass, shared by training and generation, which differ in their matrix products and attention.
    ///
    /// - Parameters:
    ///   - embeddings: what is read in place of the ids, [N, C]
    ///   - context: positions of the longest sequence, or that a cache can hold
    ///   - attend: attention of a layer over turned queries and keys and values, [N, (H + 2K)·D] → [N, H·D]
    func forward(
        _ ids: [Int32], embeddings: Tensor? = nil, positions: [Int32], context: Int, projection: Projection,
        observe: Observer = { _, _, _ in },
        attend: (_ layer: Int, _ queryKeyValue: Tensor) -> Tensor
    ) -> Tensor {
        var x = firstResidual(embeddings ?? embedded(ids), positions: positions)
        observe(.embedding, 0, x)
        for (layer, block) in blocks.enumerated() {
            x = block.forward(x, projection: projection, observe: { observe($0, layer, $1) }) {
                attend(layer, turned($0, layer: layer, positions: positions, context: context))
            }
            observe(.residual, layer, x)
        }
        return finalNormed(x)
    }

    /// The input of the first layer: embeddings, and learned positions where the family has them, [N, C].
    func firstResidual(_ embeddings: Tensor, positions: [Int32]) -> Tensor {
        guard let positionTable else { return embeddings }
        return scaledSum(embedding(positions, table: positionTable), by: 1, adding: embeddings)
    }

    /// A layer's queries and keys turned by their positions, and its values, [N, (H + 2K)·D].
    ///
    /// - Parameter context: positions of the longest sequence, or that a cache can hold
    func turned(_ queryKeyValue: Tensor, layer: Int, positions: [Int32], context: Int) -> Tensor {
        guard let table = rotary?.table(layer: layer, context: context) else { return queryKeyValue }
        return rotaryEmbedding(
            queryKeyValue, positions: positions, heads: configuration.heads + configuration.keyValueHeads,
            headDimension: configuration.headDimension, table: table)
    }

    /// The scaled embeddings of tokens, [N, C]; learned positions are not added yet.
    public func embedded(_ ids: [Int32]) -> Tensor {
        embedding(ids, table: embeddingTable, scale: configuration.embeddingScale)
    }

    /// The final norm of a residual stream: of the last layer's or, for an early exit, an earlier layer's. Where the model scales
    /// its logits the normed rows are scaled instead, so that the head is a plain product everywhere.
    ///
    /// - Parameter residual: [M, C]
    /// - Returns: [M, C]
    public func finalNormed(_ residual: Tensor) -> Tensor {
        let normed = finalNorm(residual)
        return configuration.hiddenScale == 1 ? normed : scaledSum(normed, by: configuration.hiddenScale)
    }

    /// Logits for rows of hidden states. Over a whole batch this is V floats a row: training and labelling go through
    /// the fused head instead.
    ///
    /// - Parameter hidden: [M, C]
    /// - Returns: [M, V]
    public func logits(_ hidden: Tensor) -> Tensor {
        head.logits(of: hidden)
    }
}
