import Transformer

extension Family {
    /// Llama with biases of queries, keys and values: Qwen 2 and 2.5 (arXiv 2407.10671, 2412.15115).
    public static let qwen2 = Family(
        name: "qwen2", biases: .queryKeyValue, choices: [.slidingWindow, .layersWithoutWindow])
}

extension FamilyDescriptor {
    static let qwen2 = FamilyDescriptor(
        family: .qwen2,
        huggingFace: HuggingFaceFamily(
            modelType: "qwen2", architecture: "Qwen2ForCausalLM",
            defaults: .init(contextLength: 32_768, keyValueHeads: 32),
            window: .init(size: 4096, fullAttentionFirst: 28)),
        gguf: GGUFFamily(architecture: "qwen2"))
}
