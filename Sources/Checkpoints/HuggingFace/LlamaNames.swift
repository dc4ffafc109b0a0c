import Transformer

/// The names Hugging Face gives the weights of a Llama model; the only place that knows them.
///
/// Several of their tensors make up one of ours: queries, keys and values one projection, gate and up another.
/// The rows of the parts follow each other.
enum LlamaNames {
    /// One of their tensors.
    struct Part: Equatable {
        var name: String
        var shape: [Int]
        /// Rows of our parameter that it holds.
        var rows: Range<Int>
    }

    /// One of our parameters, put together from parts.
    struct Parameter: Equatable {
        var name: String
        var shape: [Int]
        var parts: [Part]
    }

    static let embedding = "model.embed_tokens.weight"
    static let head = "lm_head.weight"

    /// All weights of a model, in the decoder's order.
    static func parameters(of configuration: Configuration) -> [Parameter] {
        let query = configuration.heads * configuration.headDimension
        let key = configuration.keyValueHeads * configuration.headDimension
        return Decoder.parameterShapes(of: configuration).map { name, shape in
            let (prefix, local) = split(name)
            let parts: [(String, Int)] =
                switch local {
                case "embedding.weight": [(embedding, shape[0])]
                case "norm.weight": [("model.norm.weight", shape[0])]
                case "head.weight": [(head, shape[0])]
                case "attentionNorm.weight": [("input_layernorm.weight", shape[0])]
                case "attention.queryKeyValue.weight":
                    [
                        ("self_attn.q_proj.weight", query), ("self_attn.k_proj.weight", key),
                        ("self_attn.v_proj.weight", key),
                    ]
                case "attention.output.weight": [("self_attn.o_proj.weight", shape[0])]
                case "feedForwardNorm.weight": [("post_attention_layernorm.weight", shape[0])]
                case "feedForward.gateUp.weight":
                    [
                        ("mlp.gate_proj.weight", configuration.feedForward),
                        ("mlp.up_proj.weight", configuration.feedForward),
                    ]
                case "feedForward.down.weight": [("mlp.down_proj.weight", shape[0])]
                default: preconditionFailure("no Hugging Face name for \(name)")
                }
            return Parameter(name: name, shape: shape, parts: stack(parts, prefix: prefix, shape: shape))
        }
    }

    /// Tensors that files of the family may hold besides, and that carry nothing of their own: old files
    /// store the rotary frequencies.
    static func isRedundant(_ name: String) -> Bool {
        name.hasSuffix(".self_attn.rotary_emb.inv_freq")
    }

    /// `blocks.3.rest` becomes `model.layers.3.` and `rest`.
    private static func split(_ name: String) -> (prefix: String, local: String) {
        let fields = name.split(separator: ".", maxSplits: 2)
        guard fields.count == 3, fields[0] == "blocks" else { return ("", name) }
        return ("model.layers.\(fields[1]).", String(fields[2]))
    }

    private static func stack(_ parts: [(String, Int)], prefix: String, shape: [Int]) -> [Part] {
        var row = 0
        return parts.map { name, rows in
            defer { row += rows }
            return Part(name: prefix + name, shape: [rows] + shape.dropFirst(), rows: row..<row + rows)
        }
    }
}
