import Transformer

extension Family {
    /// Experts in place of each feed-forward, norms of all query and of all key heads together (arXiv 2409.02060).
    public static let olmoe = Family(
        name: "olmoe", queryKeyNorm: .allHeads, choices: [.attentionBiases, .experts])
}

extension FamilyDescriptor {
    static let olmoe = FamilyDescriptor(
        family: .olmoe,
        huggingFace: HuggingFaceFamily(
            modelType: "olmoe", architecture: "OlmoeForCausalLM",
            // Null, for no bound, or absent.
            fixed: ["clip_qkv": .null],
            defaults: .init(normEpsilon: 1e-5, contextLength: 4096),
            experts: .init(count: ["num_experts"], standardCount: 64, perToken: 8, normalizesWeights: false)),
        gguf: GGUFFamily(
            architecture: "olmoe", experts: .init(areNormalized: false, haveOwnWidth: false), needsHead: true,
            dividesWidth: true))
}
