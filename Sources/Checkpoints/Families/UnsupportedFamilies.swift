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
            "experts that all tokens pass through, beside those that a router chooses, are",
            [
                "qwen2_moe", "qwen2moe", "deepseek", "deepseek_v2", "deepseek_v3", "deepseek2", "llama4",
                "glm4_moe", "glm4moe", "ernie4_5_moe",
            ]
        ),
        ("this family's routers and experts are", ["phimoe", "granitemoe", "dbrx"]),
        ("attention sinks and experts in MXFP4 are", ["gpt_oss", "gpt-oss"]),
        ("scaled rotary embedding in some layers and plain in others is", ["olmo3"]),
        (
            "this family's layer normalization, with its biases and feed-forward, is",
            [
                "gptj", "phi", "phi2", "falcon", "bloom", "mpt", "stablelm", "starcoder2", "nemotron", "olmo",
                "opt", "cohere", "cohere2", "command-r",
            ]
        ),
        (
            "layers other than attention and, outside of GGUF files, this type's dense models are",
            ["granitemoehybrid"]
        ),
        (
            "layers other than attention are",
            [
                "mamba", "mamba2", "jamba", "falcon_h1", "falcon-h1", "nemotron_h", "granitehybrid", "lfm2",
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
