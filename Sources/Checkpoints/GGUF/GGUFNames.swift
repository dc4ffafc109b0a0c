import Transformer

/// The names GGUF gives weights; a family's differences are in its descriptor.
enum GGUFNames {
    static let embedding = "token_embd.weight"
    static let head = "output.weight"

    /// The tensors that make up each of our parameters, by its name within its layer.
    private static let common: [String: [String]] = [
        "embedding.weight": [embedding],
        "positions.weight": ["position_embd.weight"],
        "norm.weight": ["output_norm.weight"],
        "norm.bias": ["output_norm.bias"],
        "head.weight": [head],
        "attentionNorm.weight": ["attn_norm.weight"],
        "attentionNorm.bias": ["attn_norm.bias"],
        "attention.queryKeyValue.weight": ["attn_q.weight", "attn_k.weight", "attn_v.weight"],
        "attention.queryKeyValue.bias": ["attn_q.bias", "attn_k.bias", "attn_v.bias"],
        "attention.output.weight": ["attn_output.weight"],
        "attention.output.bias": ["attn_output.bias"],
        "attention.queryNorm.weight": ["attn_q_norm.weight"],
        "attention.keyNorm.weight": ["attn_k_norm.weight"],
        "attentionOutputNorm.weight": ["post_attention_norm.weight"],
        "feedForwardNorm.weight": ["ffn_norm.weight"],
        "feedForwardNorm.bias": ["ffn_norm.bias"],
        "feedForwardOutputNorm.weight": ["post_ffw_norm.weight"],
        "feedForward.gateUp.weight": ["ffn_gate.weight", "ffn_up.weight"],
        "feedForward.up.weight": ["ffn_up.weight"],
        "feedForward.up.bias": ["ffn_up.bias"],
        "feedForward.down.weight": ["ffn_down.weight"],
        "feedForward.down.bias": ["ffn_down.bias"],
        "feedForward.router.weight": ["ffn_gate_inp.weight"],
        // As files of 2023 hold them, and `GGUFExperts` makes of those that hold all experts in one tensor.
        "feedForward.experts.gateUp.weight": ["ffn_gate.{}.weight", "ffn_up.{}.weight"],
        "feedForward.experts.down.weight": ["ffn_down.{}.weight"],
    ]

    /// All weights of a model, in the decoder's order.
    ///
    /// - Parameter fusesQueryKeyValue: whether queries, keys and values are one tensor, as most Phi-3 files hold them
    static func parameters(
        of configuration: Configuration, _ family: GGUFFamily, fusesQueryKeyValue: Bool
    ) -> [ParameterMap] {
        let layout = ParameterMap.Layout(
            prefix: { "blk.\($0)." }, interleavesHeads: family.interleavesHeads)
        return ParameterMap.maps(of: configuration, layout) { name in
            if fusesQueryKeyValue, name == "attention.queryKeyValue.weight" { return ["attn_qkv.weight"] }
            guard let names = Expert.fileNames(of: name, in: family.names, common) else {
                preconditionFailure("no GGUF name for \(name)")
            }
            return names
        }
    }

    /// Tensors that give factors of rotary frequencies and are no weights.
    static func isRedundant(_ name: String) -> Bool {
        ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"].contains(name)
    }
}
