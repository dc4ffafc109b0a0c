import Transformer

extension Family {
    /// Gemma 2 with norms of queries and keys in place of soft caps, windows in five of six layers (arXiv 2503.19786).
    public static let gemma3 = Family(
        name: "gemma3", feedForward: .gated(.geluTanh), normsOutputs: true, queryKeyNorm: .eachHead,
        scalesEmbeddings: true,
        choices: [
            .attentionBiases, .queryScalar, .softCaps, .slidingWindow, .layersWithoutWindow,
            .windowedRopeBase,
        ])
}

extension FamilyDescriptor {
    static let gemma3 = FamilyDescriptor(
        family: .gemma3,
        huggingFace: HuggingFaceFamily(
            modelType: "gemma3_text", architecture: "Gemma3ForCausalLM",
            multimodal: .init(
                modelType: "gemma3", architecture: "Gemma3ForConditionalGeneration",
                vocabulary: 262_208, width: 2304, feedForward: 9216, layers: 26, heads: 8),
            activations: [.init(key: "hidden_activation", values: ["gelu_pytorch_tanh"])],
            defaults: .init(
                contextLength: 131_072, keyValueHeads: 4, headDimension: 256, ropeTheta: 1_000_000,
                tiedHead: true),
            window: .init(size: 4096, fullAttentionEvery: 6),
            scores: .init(queryScalar: 256), windowedRopeTheta: 10_000,
            normOffset: 1, names: HuggingFaceFamily.outputNormNames),
        gguf: GGUFFamily(
            architecture: "gemma3", window: .init(size: 4096, fullAttentionEvery: 6, ropeTheta: 10_000),
            scores: .init(layersScaledByWidth: 62)))
}
