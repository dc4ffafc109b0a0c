extension HuggingFaceFamily {
    /// The names of the weights that belong to no layer, and what those of layers begin with.
    struct Modules: Sendable {
        /// The base model, within the class with a head.
        var base = "model."
        var layers = "layers."
        /// Within the base model.
        var embedding = "embed_tokens.weight"
        var norm = "norm"
        /// Within the base model; of families with learned positions.
        var positions = "wpe.weight"
        var head = "lm_head.weight"
        /// Ends of names of additional tensors that files may have and that are ignored: what the configuration determines.
        var redundant = [".self_attn.rotary_emb.inv_freq"]

        /// The name of one of our parameters; nil for one of a layer.
        subscript(name: String) -> String? {
            switch name {
            case "embedding.weight": base + embedding
            case "positions.weight": base + positions
            case "norm.weight": base + norm + ".weight"
            case "norm.bias": base + norm + ".bias"
            case "head.weight": head
            default: nil
            }
        }
    }
}
