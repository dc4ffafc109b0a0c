import Transformer

extension Family {
    /// Layer normalization, learned positions, biases, a feed-forward without a gate (Radford et al. 2019).
    public static let gpt2 = Family(
        name: "gpt2", feedForward: .plain(.geluTanh), norm: .layer, biases: .all, positions: .learned,
        hasFreeHeads: false)
}

extension FamilyDescriptor {
    static let gpt2 = FamilyDescriptor(
        family: .gpt2,
        huggingFace: HuggingFaceFamily(
            modelType: "gpt2", architecture: "GPT2LMHeadModel",
            keys: [
                "hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
                "intermediate_size": "n_inner", "max_position_embeddings": "n_positions",
                "rms_norm_eps": "layer_norm_epsilon",
            ],
            fixed: [
                "scale_attn_weights": .boolean(true), "scale_attn_by_inverse_layer_idx": .boolean(false),
                "add_cross_attention": .boolean(false),
            ],
            activations: [
                // Three implementations of the tanh form.
                .init(
                    key: "activation_function", values: ["gelu_new", "gelu_pytorch_tanh", "gelu_fast"])
            ],
            defaults: .init(normEpsilon: 1e-5, contextLength: 1024, tiedHead: true, feedForwardFactor: 4),
            names: [
                "attentionNorm.weight": ["ln_1.weight"], "attentionNorm.bias": ["ln_1.bias"],
                "attention.queryKeyValue.weight": ["attn.c_attn.weight"],
                "attention.queryKeyValue.bias": ["attn.c_attn.bias"],
                "attention.output.weight": ["attn.c_proj.weight"],
                "attention.output.bias": ["attn.c_proj.bias"],
                "feedForwardNorm.weight": ["ln_2.weight"], "feedForwardNorm.bias": ["ln_2.bias"],
                "feedForward.up.weight": ["mlp.c_fc.weight"], "feedForward.up.bias": ["mlp.c_fc.bias"],
                "feedForward.down.weight": ["mlp.c_proj.weight"],
                "feedForward.down.bias": ["mlp.c_proj.bias"],
            ],
            modules: .init(
                base: "transformer.", layers: "h.", embedding: "wte.weight", norm: "ln_f",
                // Masks, which old files hold.
                redundant: [".attn.bias", ".attn.masked_bias"]),
            // Its linear layers are convolutions of width 1.
            transposed: [
                "attention.queryKeyValue.weight", "attention.output.weight", "feedForward.up.weight",
                "feedForward.down.weight",
            ]),
        gguf: GGUFFamily(
            architecture: "gpt2", dividesWidth: true,
            names: [
                "attention.queryKeyValue.weight": ["attn_qkv.weight"],
                "attention.queryKeyValue.bias": ["attn_qkv.bias"],
            ]))
}
