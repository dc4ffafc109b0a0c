import Transformer

/// The names GGUF gives the weights of our families.
enum GGUFNames {
    static let embedding = "token_embd.weight"
    static let head = "output.weight"

    /// All weights of a model, in the decoder's order.
    ///
    /// - Parameter fusesQueryKeyValue: whether queries, keys and values are one tensor, as most Phi-3 files hold them
    static func parameters(of configuration: Configuration, fusesQueryKeyValue: Bool) -> [ParameterMap] {
        ParameterMap.maps(
            of: configuration, prefix: { "blk.\($0)." }, offset: { _ in 0 },
            parts: { parts(of: $0, rows: $1, in: configuration, fusesQueryKeyValue) })
    }

    private static func parts(
        of name: String, rows: Int, in configuration: Configuration, _ fusesQueryKeyValue: Bool
    ) -> [(suffix: String, rows: Int, interleavedHeads: Int?)] {
        let dimension = configuration.headDimension
        let (queryHeads, keyHeads) = (configuration.heads, configuration.keyValueHeads)
        // Llama's rotary embedding pairs neighbours there, so that the rows of a head's halves alternate.
        let interleaves = configuration.family == .llama || configuration.family == .mistral
        switch name {
        case "embedding.weight": return [(embedding, rows, nil)]
        case "norm.weight": return [("output_norm.weight", rows, nil)]
        case "head.weight": return [(head, rows, nil)]
        case "attentionNorm.weight": return [("attn_norm.weight", rows, nil)]
        case "attention.queryKeyValue.weight" where fusesQueryKeyValue:
            return [("attn_qkv.weight", rows, nil)]
        case "attention.queryKeyValue.weight":
            return [
                ("attn_q.weight", queryHeads * dimension, interleaves ? queryHeads : nil),
                ("attn_k.weight", keyHeads * dimension, interleaves ? keyHeads : nil),
                ("attn_v.weight", keyHeads * dimension, nil),
            ]
        case "attention.queryKeyValue.bias":
            return [
                ("attn_q.bias", queryHeads * dimension, interleaves ? queryHeads : nil),
                ("attn_k.bias", keyHeads * dimension, interleaves ? keyHeads : nil),
                ("attn_v.bias", keyHeads * dimension, nil),
            ]
        case "attention.output.bias": return [("attn_output.bias", rows, nil)]
        case "attention.queryNorm.weight": return [("attn_q_norm.weight", rows, nil)]
        case "attention.keyNorm.weight": return [("attn_k_norm.weight", rows, nil)]
        case "attention.output.weight": return [("attn_output.weight", rows, nil)]
        case "attentionOutputNorm.weight": return [("post_attention_norm.weight", rows, nil)]
        case "feedForwardNorm.weight": return [("ffn_norm.weight", rows, nil)]
        case "feedForwardOutputNorm.weight": return [("post_ffw_norm.weight", rows, nil)]
        // Phi-3's gate and up are one tensor, under the name of one of them.
        case "feedForward.gateUp.weight" where configuration.family == .phi3:
            return [("ffn_up.weight", rows, nil)]
        case "feedForward.gateUp.weight":
            return [("ffn_gate.weight", rows / 2, nil), ("ffn_up.weight", rows / 2, nil)]
        case "feedForward.down.weight": return [("ffn_down.weight", rows, nil)]
        default: preconditionFailure("no GGUF name for \(name)")
        }
    }

    /// Tensors that say how to compute and are no weights.
    static func isRedundant(_ name: String) -> Bool {
        ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"].contains(name)
    }
}
