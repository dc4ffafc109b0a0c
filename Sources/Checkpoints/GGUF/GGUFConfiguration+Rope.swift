import Transformer

extension GGUFConfiguration {
    /// Rotary embedding, in families that have it.
    ///
    /// - Throws: `UserError` for factors of frequencies that are not as many as are expected
    static func readPositions(
        _ keys: inout GGUFKeys, _ shape: inout Configuration, _ family: GGUFFamily, _ file: GGUFFile
    ) throws {
        guard shape.family.positions == .rotary else { return }
        let dimension = shape.headDimension
        if let turned = keys.optionalInteger(".rope.dimension_count"), turned != dimension {
            if shape.family.choices.contains(.partialRotary) {
                shape.rotaryDimension = turned
            } else {
                keys.reject(".rope.dimension_count", "only the head dimension \(dimension) is supported")
            }
        }
        shape.ropeScaling = try ropeScaling(&keys, shape, file)
        // Checked later; here so that an invalid number of layers does not fill the memory.
        if (1...1 << 16).contains(shape.layers) {
            shape.layersWithoutRope = family.layersWithoutRope(of: shape.layers)
        }
    }

    /// How rotary frequencies are changed: by tensors of factors, or as `rope.scaling.type` says.
    static func ropeScaling(
        _ keys: inout GGUFKeys, _ shape: Configuration, _ file: GGUFFile
    ) throws -> RopeScaling? {
        let original = keys.optionalInteger(".rope.scaling.original_context_length") ?? shape.contextLength
        let attention = keys.optionalNumber(".rope.scaling.attn_factor") ?? 1
        let type = keys.string(".rope.scaling.type")
        func factors(_ name: String) throws -> [Double]? {
            guard let tensor = file.tensors[name] else { return nil }
            guard tensor.shape == [shape.turnedComponents / 2], tensor.dtype == .f32 else {
                throw tensor.error("is not \(shape.turnedComponents / 2) F32 values")
            }
            if type == "yarn" { keys.reject(".rope.scaling.type", "\(name) beside it is not supported") }
            return tensor.bytes.withUnsafeBytes { bytes in
                (0..<tensor.shape[0]).map {
                    Double(bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self))
                }
            }
        }
        if let short = try factors("rope_factors_short.weight"),
            let long = try factors("rope_factors_long.weight")
        {
            return .longrope(
                short: short, long: long, originalContext: original, attentionFactor: attention)
        }
        // Llama 3.1's scaling comes as the factors it amounts to, for sequences of every length.
        if let factors = try factors("rope_freqs.weight") {
            return llama3(amountingTo: factors, shape)
                ?? .longrope(short: factors, long: factors, originalContext: original, attentionFactor: 1)
        }
        switch type {
        case nil, "none", "longrope": break
        case "linear":
            guard let factor = keys.optionalNumber(".rope.scaling.factor") else { break }
            return .linear(factor: factor)
        case "yarn": return .yarn(GGUFYaRN.scaling(&keys, originalContext: original, attention: attention))
        default: keys.reject(".rope.scaling.type", "only none, linear, longrope and yarn are supported")
        }
        // An older spelling of linear scaling.
        return keys.optionalNumber(".rope.scale_linear").map { .linear(factor: $0) }
    }

    /// The scaling of Llama 3.1 to 3.3, if it amounts to these factors: all of those models have the same bounds and context, and
    /// the lowest frequency is divided by the whole factor. Its name is what other readers of a directory know.
    private static func llama3(amountingTo factors: [Double], _ shape: Configuration) -> RopeScaling? {
        guard let factor = factors.max(), factor.isFinite, factor > 1, shape.ropeTheta > 0 else { return nil }
        let scaling = RopeScaling.llama3(factor: factor, lowFactor: 1, highFactor: 4, originalContext: 8192)
        let wanted = scaling.divisors(dimension: 2 * factors.count, theta: shape.ropeTheta, isLong: false)
        // Factors are stored in Float32; converters compute them in it too.
        let agrees = zip(factors, wanted).allSatisfy { abs($0 - Double($1)) <= 1e-5 * Double($1) }
        return agrees ? scaling : nil
    }
}
