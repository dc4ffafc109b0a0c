import Transformer

/// The names Hugging Face gives weights; a family's differences are in its descriptor.
enum HuggingFaceNames {
    /// The tensors that make up each of our parameters, by its name within its layer; `{}` is the number of an expert. Those of no
    /// layer are in `HuggingFaceFamily.Modules`.
    private static let common: [String: [String]] = [
        "attentionNorm.weight": ["input_layernorm.weight"],
        "attentionNorm.bias": ["input_layernorm.bias"],
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
        "feedForwardNorm.bias": ["post_attention_layernorm.bias"],
        "feedForward.gateUp.weight": ["mlp.gate_proj.weight", "mlp.up_proj.weight"],
        "feedForward.down.weight": ["mlp.down_proj.weight"],
        "feedForward.router.weight": ["mlp.gate.weight"],
        "feedForward.experts.gateUp.weight": [
            "mlp.experts.{}.gate_proj.weight", "mlp.experts.{}.up_proj.weight",
        ],
        "feedForward.experts.down.weight": ["mlp.experts.{}.down_proj.weight"],
    ]

    /// All weights of a model, in the decoder's order.
    static func parameters(of configuration: Configuration, _ family: HuggingFaceFamily) -> [ParameterMap] {
        let modules = family.modules
        let layout = ParameterMap.Layout(
            prefix: { modules.base + modules.layers + "\($0)." }, normOffset: family.normOffset,
            groupsByHead: family.groupsQueryKeyValueByHead, transposed: family.transposed)
        return ParameterMap.maps(of: configuration, layout) { name in
            if let whole = modules[name] { return [whole] }
            guard let names = Expert.fileNames(of: name, in: family.names, common) else {
                preconditionFailure("no Hugging Face name for \(name)")
            }
            return names
        }
    }
}
