import Transformer

extension Family {
    /// Scaled embeddings and GeGLU (arXiv 2403.08295).
    public static let gemma = Family(
        name: "gemma", feedForward: .gated(.geluTanh), scalesEmbeddings: true, choices: .attentionBiases)
}

extension FamilyDescriptor {
    static let gemma = FamilyDescriptor(
        family: .gemma,
        huggingFace: HuggingFaceFamily(
            modelType: "gemma", architecture: "GemmaForCausalLM",
            activations: [
                // Before transformers knew the tanh form by name, "gelu" was written and the tanh form meant.
                .init(key: "hidden_act", values: ["gelu_pytorch_tanh", "gelu"]),
                .init(key: "hidden_activation", values: ["gelu_pytorch_tanh"]),
            ],
            defaults: .init(contextLength: 8192, keyValueHeads: 16, headDimension: 256, tiedHead: true),
            normOffset: 1),
        gguf: GGUFFamily(architecture: "gemma"))
}
