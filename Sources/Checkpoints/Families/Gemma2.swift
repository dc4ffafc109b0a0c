import Transformer

extension Family {
    /// Norms after attention and the feed-forward too, soft caps, windows in every other layer (arXiv 2408.00118).
    public static let gemma2 = Family(
        name: "gemma2", feedForward: .gated(.geluTanh), normsOutputs: true, scalesEmbeddings: true,
        choices: [.attentionBiases, .queryScalar, .softCaps, .slidingWindow, .layersWithoutWindow])
}

extension FamilyDescriptor {
    static let gemma2 = FamilyDescriptor(
        family: .gemma2,
        huggingFace: HuggingFaceFamily(
            modelType: "gemma2", architecture: "Gemma2ForCausalLM",
            activations: [.init(key: "hidden_activation", values: ["gelu_pytorch_tanh"])],
            defaults: .init(contextLength: 8192, keyValueHeads: 4, headDimension: 256, tiedHead: true),
            window: .init(size: 4096, fullAttentionEvery: 2),
            scores: .init(queryScalar: 256, attentionSoftCap: 50, logitSoftCap: 30),
            normOffset: 1, names: HuggingFaceFamily.outputNormNames),
        gguf: GGUFFamily(
            architecture: "gemma2", window: .init(size: 4096, fullAttentionEvery: 2),
            scores: .init(attentionSoftCap: 50, logitSoftCap: 30, layersScaledByWidth: 46)))
}
