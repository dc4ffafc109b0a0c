/// Why families that users may well have are refused, by `model_type` of `config.json` or `general.architecture` of a GGUF file.
enum UnsupportedFamilies {
    /// What a family has and the decoder lacks, with the keys that ask for it; nil for a family that is not known.
    static func reason(for name: String) -> String? { reasons[name] }

    private static let reasons: [String: String] = Dictionary(
        uniqueKeysWithValues: groups.flatMap { reason, names in
            names.map { ($0, "\(reason) not supported") }
        })

    private static let groups: [(reason: String, names: [String])] = [
        (
            "mixtures of experts are",
            [
                "mixtral", "qwen2_moe", "qwen2moe", "qwen3_moe", "qwen3moe", "olmoe", "phimoe", "granitemoe",
                "deepseek", "deepseek_v2", "deepseek_v3", "deepseek2", "gpt_oss", "gpt-oss", "llama4", "dbrx",
                "glm4_moe", "glm4moe", "ernie4_5_moe",
            ]
        ),
        (
            "scaled embeddings, residuals and logits (embedding_multiplier, residual_multiplier, logits_scaling) are",
            ["granite"]
        ),
        (
            "norms of all query heads together, and blocks that norm their outputs alone, are",
            ["olmo2", "olmo3"]
        ),
        (
            "LayerNorm is",
            [
                "gpt2", "gptneox", "gpt_neox", "gptj", "phi", "phi2", "falcon", "bloom", "mpt", "stablelm",
                "starcoder2", "nemotron", "olmo", "opt", "cohere", "cohere2", "command-r",
            ]
        ),
        (
            "layers other than attention are",
            [
                "mamba", "mamba2", "jamba", "falcon_h1", "falcon-h1", "nemotron_h", "granitemoehybrid",
                "lfm2",
                "qwen3_next", "qwen3next", "qwen3_5", "qwen35", "recurrent_gemma", "rwkv",
            ]
        ),
        (
            "embeddings of each layer (hidden_size_per_layer_input) are",
            ["gemma3n", "gemma3n_text", "gemma4"]
        ),
        ("temperatures of attention that grow with the position are", ["ministral3", "mistral4"]),
        ("feed-forwards without a gate (hidden_act relu2) are", ["arcee"]),
    ]
}
