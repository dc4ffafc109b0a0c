import Transformer

extension FamilyDescriptor {
    /// Llama 1 to 3, TinyLlama and models of the same shape. `Family.llama` holds the switches: none.
    static let llama = FamilyDescriptor(
        family: .llama,
        huggingFace: HuggingFaceFamily(modelType: "llama", architecture: "LlamaForCausalLM"),
        gguf: GGUFFamily(
            architecture: "llama", interleavesHeads: true, hasAttentionBiases: true,
            writesFrequencyFactors: true))
}
