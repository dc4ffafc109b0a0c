import Transformer

extension Family {
    /// Layer normalization, partial rotary positions, biases, a feed-forward without a gate that reads what attention reads:
    /// GPT-NeoX and Pythia (arXiv 2204.06745, 2304.01373).
    public static let gptNeoX = Family(
        name: "gpt_neox", feedForward: .plain(.gelu), norm: .layer, biases: .all, hasFreeHeads: false,
        choices: [.partialRotary, .parallelResidual])
}

extension FamilyDescriptor {
    static let gptNeoX = FamilyDescriptor(
        family: .gptNeoX,
        huggingFace: HuggingFaceFamily(
            modelType: "gpt_neox", architecture: "GPTNeoXForCausalLM",
            keys: [
                "rms_norm_eps": "layer_norm_eps", "rope_theta": "rotary_emb_base",
                "partial_rotary_factor": "rotary_pct",
            ],
            fixed: ["attention_bias": .boolean(true)],
            activations: [.init(key: "hidden_act", values: ["gelu"])],
            defaults: .init(normEpsilon: 1e-5, partialRotaryFactor: 0.25),
            names: [
                "attention.queryKeyValue.weight": ["attention.query_key_value.weight"],
                "attention.queryKeyValue.bias": ["attention.query_key_value.bias"],
                "attention.output.weight": ["attention.dense.weight"],
                "attention.output.bias": ["attention.dense.bias"],
                "feedForward.up.weight": ["mlp.dense_h_to_4h.weight"],
                "feedForward.up.bias": ["mlp.dense_h_to_4h.bias"],
                "feedForward.down.weight": ["mlp.dense_4h_to_h.weight"],
                "feedForward.down.bias": ["mlp.dense_4h_to_h.bias"],
            ],
            modules: .init(
                base: "gpt_neox.", embedding: "embed_in.weight", norm: "final_layer_norm",
                head: "embed_out.weight",
                // Masks and frequencies, which old files hold.
                redundant: [".attention.bias", ".attention.masked_bias", ".attention.rotary_emb.inv_freq"]),
            groupsQueryKeyValueByHead: true),
        gguf: GGUFFamily(
            architecture: "gptneox", needsHead: true, dividesWidth: true,
            names: [
                "attention.queryKeyValue.weight": ["attn_qkv.weight"],
                "attention.queryKeyValue.bias": ["attn_qkv.bias"],
            ]))
}
