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
        Decoder.parameterShapes(of: configuration).map { name, shape in
            let (prefix, local) = split(name)
            var row = 0
            let parts = parts(of: local, rows: shape[0], in: configuration).map { suffix, rows in
                defer { row += rows }
                return Part(
                    name: prefix + suffix, shape: [rows] + shape.dropFirst(), rows: row..<row + rows)
            }
            precondition(row == shape[0], "the parts of \(name) hold \(row) of its \(shape[0]) rows")
            return Parameter(name: name, shape: shape, parts: parts)
        }
    }

    /// Names of the parts that make up one of our parameters, and how many of its `rows` each holds.
    private static func parts(
        of name: String, rows: Int, in configuration: Configuration
    ) -> [(suffix: String, rows: Int)] {
        let query = configuration.heads * configuration.headDimension
        let key = configuration.keyValueHeads * configuration.headDimension
        switch name {
        case "embedding.weight": return [(embedding, rows)]
        case "norm.weight": return [("model.norm.weight", rows)]
        case "head.weight": return [(head, rows)]
        case "attentionNorm.weight": return [("input_layernorm.weight", rows)]
        case "attention.queryKeyValue.weight":
            return [
                ("self_attn.q_proj.weight", query), ("self_attn.k_proj.weight", key),
                ("self_attn.v_proj.weight", key),
            ]
        case "attention.output.weight": return [("self_attn.o_proj.weight", rows)]
        case "feedForwardNorm.weight": return [("post_attention_layernorm.weight", rows)]
        case "feedForward.gateUp.weight":
            return [("mlp.gate_proj.weight", rows / 2), ("mlp.up_proj.weight", rows / 2)]
        case "feedForward.down.weight": return [("mlp.down_proj.weight", rows)]
        default: preconditionFailure("no Hugging Face name for \(name)")
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
}
