import Transformer

/// The names Hugging Face gives the weights of our families; the only place that knows them.
enum HuggingFaceNames {
    static let embedding = "model.embed_tokens.weight"
    static let head = "lm_head.weight"

    /// All weights of a model, in the decoder's order.
    static func parameters(of configuration: Configuration) -> [ParameterMap] {
        ParameterMap.maps(
            of: configuration, prefix: { "model.layers.\($0)." },
            // Gemma's files hold norms as their distance from 1.
            offset: { _ in configuration.family.isGemma ? 1 : 0 },
            parts: { name, rows in
                parts(of: name, rows: rows, in: configuration).map { ($0.suffix, $0.rows, nil) }
            })
    }

    /// Names of the parts that make up one of our parameters, and how many of its `rows` each holds.
    private static func parts(
        of name: String, rows: Int, in configuration: Configuration
    ) -> [(suffix: String, rows: Int)] {
        let query = configuration.heads * configuration.headDimension
        let key = configuration.keyValueHeads * configuration.headDimension
        let (fuses, normsOutputs) = (configuration.family == .phi3, configuration.family.normsOutputs)
        switch name {
        case "embedding.weight": return [(embedding, rows)]
        case "norm.weight": return [("model.norm.weight", rows)]
        case "head.weight": return [(head, rows)]
        case "attentionNorm.weight": return [("input_layernorm.weight", rows)]
        case "attention.queryKeyValue.weight" where fuses: return [("self_attn.qkv_proj.weight", rows)]
        case "attention.queryKeyValue.weight":
            return [
                ("self_attn.q_proj.weight", query), ("self_attn.k_proj.weight", key),
                ("self_attn.v_proj.weight", key),
            ]
        case "attention.queryKeyValue.bias":
            return [
                ("self_attn.q_proj.bias", query), ("self_attn.k_proj.bias", key),
                ("self_attn.v_proj.bias", key),
            ]
        case "attention.output.bias": return [("self_attn.o_proj.bias", rows)]
        case "attention.queryNorm.weight": return [("self_attn.q_norm.weight", rows)]
        case "attention.keyNorm.weight": return [("self_attn.k_norm.weight", rows)]
        case "attention.output.weight": return [("self_attn.o_proj.weight", rows)]
        case "attentionOutputNorm.weight": return [("post_attention_layernorm.weight", rows)]
        // Where outputs are normed, the name of old means another norm.
        case "feedForwardNorm.weight":
            return [
                (normsOutputs ? "pre_feedforward_layernorm.weight" : "post_attention_layernorm.weight", rows)
            ]
        case "feedForwardOutputNorm.weight": return [("post_feedforward_layernorm.weight", rows)]
        case "feedForward.gateUp.weight" where fuses: return [("mlp.gate_up_proj.weight", rows)]
        case "feedForward.gateUp.weight":
            return [("mlp.gate_proj.weight", rows / 2), ("mlp.up_proj.weight", rows / 2)]
        case "feedForward.down.weight": return [("mlp.down_proj.weight", rows)]
        default: preconditionFailure("no Hugging Face name for \(name)")
        }
    }

    /// Tensors that files may hold besides, and that carry nothing of their own: old files store the rotary
    /// frequencies.
    static func isRedundant(_ name: String) -> Bool {
        name.hasSuffix(".self_attn.rotary_emb.inv_freq")
    }
}
