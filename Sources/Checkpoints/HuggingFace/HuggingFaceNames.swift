import Transformer

/// The names Hugging Face gives weights; a family's differences are in its descriptor.
enum HuggingFaceNames {
    static let embedding = "model.embed_tokens.weight"
    static let head = "lm_head.weight"

    /// The tensors that make up each of our parameters, by its name within its layer.
    private static let common: [String: [String]] = [
        "embedding.weight": [embedding],
        "norm.weight": ["model.norm.weight"],
        "head.weight": [head],
        "attentionNorm.weight": ["input_layernorm.weight"],
        "attention.queryKeyValue.weight": [
            "self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight",
        ],
        "attention.queryKeyValue.bias": [
            "self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias",
        ],
        "attention.output.weight": ["self_attn.o_proj.weight"],
        "attention.output.bias": ["self_attn.o_proj.bias"],
        "attention.queryNorm.weight": ["self_attn.q_norm.weight"],
        "attention.keyNorm.weight": ["self_attn.k_norm.weight"],
        "feedForwardNorm.weight": ["post_attention_layernorm.weight"],
        "feedForward.gateUp.weight": ["mlp.gate_proj.weight", "mlp.up_proj.weight"],
        "feedForward.down.weight": ["mlp.down_proj.weight"],
    ]

    /// All weights of a model, in the decoder's order.
    static func parameters(of configuration: Configuration, _ family: HuggingFaceFamily) -> [ParameterMap] {
        ParameterMap.maps(
            of: configuration, prefix: { "model.layers.\($0)." }, normOffset: family.normOffset,
            names: { name in
                guard let names = family.names[name] ?? common[name] else {
                    preconditionFailure("no Hugging Face name for \(name)")
                }
                return names
            })
    }

    /// Additional tensors that files may have and that are ignored: old files store the rotary frequencies, which the
    /// configuration determines.
    static func isRedundant(_ name: String) -> Bool {
        name.hasSuffix(".self_attn.rotary_emb.inv_freq")
    }
}
