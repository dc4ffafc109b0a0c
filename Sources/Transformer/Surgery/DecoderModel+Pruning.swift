import Support
import Tensors

extension DecoderModel {
    /// A smaller decoder made of some parts of this one. It shares no buffer that training could change.
    ///
    /// The model's scales (embedding factor, query scalar) stay as they are with fewer channels or heads; training has to make up
    /// for the difference.
    ///
    /// - Throws: `UserError` if a part does not exist or what is kept is no possible shape
    public func pruned(to selection: DecoderSelection) throws -> DecoderModel {
        try check(selection)
        precondition(
            selection.keepsRows || configuration.experts == nil, "experts are kept whole: see `faults`")
        let shape = selection.shape(of: configuration)
        let layers = selection.layers ?? Array(0..<configuration.layers)
        let tensors = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.tensor) })
        var kept: [String: Tensor] = [:]
        for (name, _) in Self.parameterShapes(of: shape) {
            let fields = name.split(separator: ".", maxSplits: 2)
            let layer = fields[0] == "blocks" ? layers[Int(fields[1])!] : nil
            let source = layer.map { "blocks.\($0).\(fields[2])" } ?? name
            let local = layer == nil ? name : String(fields[2])
            let axes = selection.axes(of: local, layer: layer ?? 0, in: configuration)
            kept[name] = tensors[source]!.selecting(rows: axes.rows, columns: axes.columns)
        }
        return try DecoderModel(configuration: shape, parameters: kept)
    }

    private func check(_ selection: DecoderSelection) throws {
        let c = configuration
        func check(_ what: String, _ chosen: [Int]?, below count: Int) throws {
            guard let chosen else { return }
            if let wrong = chosen.first(where: { !(0..<count).contains($0) }) {
                throw UserError(
                    "there is no \(what) \(wrong + 1) in a model with \(count)",
                    hint: "accepted: 1 to \(count)", status: .configuration)
            }
            if chosen.isEmpty { throw UserError("no \(what) is kept", status: .configuration) }
        }
        func check(_ what: String, _ chosen: [[Int]]?, below count: Int) throws {
            precondition(chosen.map { $0.count == c.layers } ?? true, "a choice for each layer")
            let counts = Set(chosen?.map(\.count) ?? [])
            precondition(counts.count <= 1, "every layer keeps as many of its parts as the others")
            for chosen in chosen ?? [] { try check(what, chosen, below: count) }
        }
        try check("layer", selection.layers, below: c.layers)
        try check("neuron", selection.neurons, below: c.feedForward)
        try check("head", selection.heads, below: c.heads)
        try check("key-value head", selection.keyValueHeads, below: c.keyValueHeads)
        try check("channel", selection.channels, below: c.width)
        try check("piece", selection.vocabulary, below: c.vocabularySize)
    }
}

extension DecoderSelection {
    /// What is kept of a parameter; nil for all of an axis.
    ///
    /// - Parameters:
    ///   - name: the parameter's within its layer
    ///   - layer: of the whole decoder
    fileprivate func axes(of name: String, layer: Int, in whole: Configuration) -> (
        rows: [Int]?, columns: [Int]?
    ) {
        switch name {
        case "embedding.weight", "head.weight": return (vocabulary, channels)
        case "attention.queryKeyValue.weight": return (projectionRows(layer, whole), channels)
        case "attention.queryKeyValue.bias": return (nil, projectionRows(layer, whole))
        case "attention.output.weight":
            return (channels, heads.map { Self.components($0[layer], whole.headDimension) })
        case "feedForward.gateUp.weight":
            let gates = neurons?[layer]
            return (gates.map { $0 + $0.map { $0 + whole.feedForward } }, channels)
        case "feedForward.up.weight": return (neurons?[layer], channels)
        case "feedForward.up.bias": return (nil, neurons?[layer])
        case "feedForward.down.weight": return (channels, neurons?[layer])
        case "attention.queryNorm.weight": return (nil, normComponents(heads?[layer], whole))
        case "attention.keyNorm.weight": return (nil, normComponents(keyValueHeads?[layer], whole))
        default: return (nil, channels)
        }
    }

    /// Rows of the queries, keys and values of the heads kept.
    private func projectionRows(_ layer: Int, _ whole: Configuration) -> [Int]? {
        guard heads != nil || keyValueHeads != nil else { return nil }
        let queries = heads?[layer] ?? Array(0..<whole.heads)
        let groups = keyValueHeads?[layer] ?? Array(0..<whole.keyValueHeads)
        let blocks =
            queries + groups.map { whole.heads + $0 } + groups.map { whole.heads + whole.keyValueHeads + $0 }
        return Self.components(blocks, whole.headDimension)
    }

    /// Of a norm of all heads those of the heads kept; one of each head is shared by all.
    private func normComponents(_ heads: [Int]?, _ whole: Configuration) -> [Int]? {
        guard whole.family.queryKeyNorm == .allHeads else { return nil }
        return heads.map { Self.components($0, whole.headDimension) }
    }

    private static func components(_ heads: [Int], _ dimension: Int) -> [Int] {
        heads.flatMap { head in (0..<dimension).map { head * dimension + $0 } }
    }
}
