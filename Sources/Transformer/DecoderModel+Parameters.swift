import Support
import Tensors

extension DecoderModel {
    /// Names and shapes of all weights. Linear weights are [output, input].
    public static func parameterShapes(of c: Configuration) -> [(name: String, shape: [Int])] {
        var shapes: [(name: String, shape: [Int])] = [("embedding.weight", [c.vocabularySize, c.width])]
        if c.family.positions == .learned { shapes.append(("positions.weight", [c.contextLength, c.width])) }
        for layer in 0..<c.layers {
            shapes += layerShapes(of: c).map { ("blocks.\(layer).\($0.name)", $0.shape) }
        }
        shapes.append(("norm.weight", [c.width]))
        if c.family.norm == .layer { shapes.append(("norm.bias", [c.width])) }
        if !c.tiedHead { shapes.append(("head.weight", [c.vocabularySize, c.width])) }
        return shapes
    }

    /// Those of a layer. The order decides which random numbers a new model's weights get.
    private static func layerShapes(of c: Configuration) -> [(name: String, shape: [Int])] {
        let (family, queryWidth) = (c.family, c.heads * c.headDimension)
        let keyWidth = c.keyValueHeads * c.headDimension
        let fusedWidth = queryWidth + 2 * keyWidth
        var shapes: [(name: String, shape: [Int])] = []
        func add(_ name: String, _ shape: Int..., where isThere: Bool = true) {
            if isThere { shapes.append((name, shape)) }
        }
        let hasNormBiases = family.norm == .layer && family.normsInputs
        add("attentionNorm.weight", c.width, where: family.normsInputs)
        add("attentionNorm.bias", c.width, where: hasNormBiases)
        add("attention.queryKeyValue.weight", fusedWidth, c.width)
        add("attention.output.weight", c.width, queryWidth)
        add("feedForwardNorm.weight", c.width, where: family.normsInputs)
        add("feedForwardNorm.bias", c.width, where: hasNormBiases)
        shapes += feedForwardShapes(of: c)
        add("attention.queryKeyValue.bias", fusedWidth, where: c.hasQueryKeyValueBias)
        add("attention.output.bias", c.width, where: c.hasAttentionBias)
        let (isHead, isAll) = (family.queryKeyNorm == .eachHead, family.queryKeyNorm == .allHeads)
        add("attention.queryNorm.weight", isAll ? queryWidth : c.headDimension, where: isHead || isAll)
        add("attention.keyNorm.weight", isAll ? keyWidth : c.headDimension, where: isHead || isAll)
        add("attentionOutputNorm.weight", c.width, where: family.normsOutputs)
        add("feedForwardOutputNorm.weight", c.width, where: family.normsOutputs)
        return shapes
    }

    /// Those of a feed-forward, or of the router and all experts.
    private static func feedForwardShapes(of c: Configuration) -> [(name: String, shape: [Int])] {
        var shapes: [(name: String, shape: [Int])] =
            switch c.family.feedForward {
            case .gated: [("feedForward.gateUp.weight", [2 * c.feedForward, c.width])]
            case .plain: [("feedForward.up.weight", [c.feedForward, c.width])]
            }
        shapes.append(("feedForward.down.weight", [c.width, c.feedForward]))
        if let experts = c.experts {
            return [("feedForward.router.weight", [experts.count, c.width])]
                + (0..<experts.count).flatMap { expert in
                    shapes.map { (Expert.name($0.name, expert), $0.shape) }
                }
        }
        if c.hasFeedForwardBias {
            shapes += [
                ("feedForward.up.bias", [c.feedForward]), ("feedForward.down.bias", [c.width]),
            ]
        }
        return shapes
    }

    /// Whether a weight stays as it is where others are quantized: vectors, and the two small matrices that converters keep in
    /// Float32, the router and the positions.
    public static func isNeverQuantized(_ name: String, shape: [Int]) -> Bool {
        shape.count == 1 || name == "positions.weight" || name.hasSuffix("feedForward.router.weight")
    }

    static func check(_ given: [String: Tensor], against shapes: [(name: String, shape: [Int])])
        throws
    {
        var problems: [String] = []
        for (name, shape) in shapes {
            if let tensor = given[name] {
                if tensor.shape != shape { problems.append("\(name) is \(tensor.shape), not \(shape)") }
            } else {
                problems.append("\(name) is missing")
            }
        }
        let known = Set(shapes.map(\.name))
        problems += given.keys.filter { !known.contains($0) }.sorted().map {
            "\($0) is not part of the model"
        }
        if !problems.isEmpty { throw UserError("weights do not fit: " + problems.joined(separator: "; ")) }
    }
}
