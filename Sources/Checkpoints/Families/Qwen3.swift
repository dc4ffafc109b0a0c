import Transformer

extension Family {
    /// Llama with norms of queries and keys: the dense models of Qwen 3 (arXiv 2505.09388).
    public static let qwen3 = Family(
        name: "qwen3", queryKeyNorm: .eachHead,
        choices: [.attentionBiases, .slidingWindow, .layersWithoutWindow])
}

extension FamilyDescriptor {
    static let qwen3 = FamilyDescriptor(
        family: .qwen3,
        huggingFace: HuggingFaceFamily(
            modelType: "qwen3", architecture: "Qwen3ForCausalLM",
            defaults: .init(contextLength: 32_768, keyValueHeads: 32, headDimension: 128),
            window: .init(size: 4096, fullAttentionFirst: 28)),
        gguf: GGUFFamily(architecture: "qwen3"))
}
