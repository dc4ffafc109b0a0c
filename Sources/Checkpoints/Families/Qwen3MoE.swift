import Transformer

extension Family {
    /// Qwen 3 with experts in place of each feed-forward (arXiv 2505.09388).
    public static let qwen3MoE = Family(
        name: "qwen3_moe", queryKeyNorm: .eachHead, choices: [.attentionBiases, .experts])
}

extension FamilyDescriptor {
    static let qwen3MoE = FamilyDescriptor(
        family: .qwen3MoE,
        huggingFace: HuggingFaceFamily(
            modelType: "qwen3_moe", architecture: "Qwen3MoeForCausalLM",
            keys: ["intermediate_size": "moe_intermediate_size"],
            fixed: [
                // Layers with one feed-forward among those with experts.
                "decoder_sparse_step": .integer(1), "mlp_only_layers": .array([]),
                "use_sliding_window": .boolean(false),
            ],
            defaults: .init(contextLength: 32_768, keyValueHeads: 4),
            // transformers 5 writes the second and reads both.
            experts: .init(
                count: ["num_experts", "num_local_experts"], standardCount: 128, perToken: 8,
                normalizesWeights: false)),
        gguf: GGUFFamily(
            architecture: "qwen3moe", experts: .init(areNormalized: true, haveOwnWidth: true)))
}
