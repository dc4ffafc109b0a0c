import Transformer

extension Family {
    /// Llama with a sliding window in every layer (Jiang et al. 2023, arXiv 2310.06825).
    public static let mistral = Family(name: "mistral", choices: .slidingWindow)
}

extension FamilyDescriptor {
    static let mistral = FamilyDescriptor(
        family: .mistral,
        huggingFace: HuggingFaceFamily(
            modelType: "mistral", architecture: "MistralForCausalLM",
            // Mistral Small 3.1 and 3.2.
            multimodal: .init(
                modelType: "mistral3", architecture: "Mistral3ForConditionalGeneration",
                vocabulary: 32_000, width: 4096, feedForward: 14_336, layers: 32, heads: 32),
            defaults: .init(contextLength: 131_072, keyValueHeads: 8), window: .init(size: 4096)),
        // llama.cpp knows Mistral as Llama, without the window: within its size the two are one.
        gguf: GGUFFamily(equivalent: { shape in
            var llama = shape
            llama.family = .llama
            llama.contextLength = min(shape.contextLength, shape.slidingWindow?.size ?? .max)
            llama.slidingWindow = nil
            return llama
        }))
}
