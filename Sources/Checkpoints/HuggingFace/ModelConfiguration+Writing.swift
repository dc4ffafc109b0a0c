import Support
import Tensors
import Transformer

extension ModelConfiguration {
    /// The file's content.
    /// - Parameter type: The weights' type in the file beside it.
    func json(weights type: DType) -> JSONValue {
        let typeNames: [DType: String] = [.f32: "float32", .bf16: "bfloat16", .f16: "float16"]
        var object: [String: JSONValue] = [
            "architectures": .array([.string(family.architecture)]),
            "model_type": .string(family.modelType),
            "vocab_size": .integer(shape.vocabularySize),
            "hidden_size": .integer(shape.width),
            "intermediate_size": .integer(shape.feedForward),
            "num_hidden_layers": .integer(shape.layers),
            "num_attention_heads": .integer(shape.heads),
            "attention_bias": .boolean(shape.hasAttentionBias),
            "mlp_bias": .boolean(false),
            "max_position_embeddings": .integer(shape.contextLength),
            "rms_norm_eps": Self.number(shape.normEpsilon),
            "tie_word_embeddings": .boolean(shape.tiedHead),
            "dtype": .string(typeNames[type]!),
            "torch_dtype": .string(typeNames[type]!),
        ]
        // Where no model chooses, transformers has no such key.
        if shape.family.biases != .chosen { object["attention_bias"] = nil }
        if shape.family.biases == .all { object["mlp_bias"] = nil }
        object.merge(partKeys) { $1 }
        for activation in family.activations { object[activation.key] = .string(activation.values[0]) }
        if shape.family.positions == .rotary { object.merge(RopeKeys.json(of: shape, family)) { $1 } }
        object.merge(attentionKeys) { $1 }
        object.merge(tokens.json) { $1 }
        for (usual, own) in family.keys {
            object[own] = object[usual]
            object[usual] = nil
        }
        return .object(object)
    }

    /// The keys of attention that not every family has.
    private var attentionKeys: [String: JSONValue] {
        var keys: [String: JSONValue] = [:]
        if family.window != nil {
            keys["sliding_window"] = shape.slidingWindow.map { .integer($0.size) } ?? .null
        }
        if family.window?.fullAttentionFirst != nil {
            keys["use_sliding_window"] = .boolean(shape.slidingWindow != nil)
        }
        if family.window?.isOfSomeLayers == true {
            let windowed = Set(shape.slidingWindow?.layers ?? [])
            keys["layer_types"] = .array(
                (0..<shape.layers).map {
                    .string(windowed.contains($0) ? "sliding_attention" : "full_attention")
                })
        }
        if family.withoutRopeEvery != nil {
            let without = Set(shape.layersWithoutRope ?? [])
            keys["no_rope_layers"] = .array((0..<shape.layers).map { .integer(without.contains($0) ? 0 : 1) })
        }
        guard family.scores != nil else { return keys }
        // transformers takes whole numbers only.
        let scalar = shape.queryScalar ?? Double(shape.headDimension)
        keys["query_pre_attn_scalar"] = Int(exactly: scalar).map { .integer($0) } ?? .number(scalar)
        keys["attn_logit_softcapping"] = shape.attentionSoftCap.map(Self.number) ?? .null
        keys["final_logit_softcapping"] = shape.logitSoftCap.map(Self.number) ?? .null
        return keys
    }

    /// By way of decimal digits: 1e-05, not the 9.99999974737875e-06 that Float32 holds.
    static func number(_ value: Float) -> JSONValue { .number(Double("\(value)")!) }
}
