import Transformer

extension Family {
    /// Norms of attention's and the feed-forward's outputs in place of their inputs, and of queries and keys, of all heads
    /// together (arXiv 2501.00656).
    public static let olmo2 = Family(
        name: "olmo2", normsInputs: false, normsOutputs: true, queryKeyNorm: .allHeads,
        choices: .attentionBiases)
}

extension FamilyDescriptor {
    static let olmo2 = FamilyDescriptor(
        family: .olmo2,
        huggingFace: HuggingFaceFamily(
            modelType: "olmo2", architecture: "Olmo2ForCausalLM", defaults: .init(normEpsilon: 1e-5),
            names: HuggingFaceFamily.outputNormNames),
        gguf: GGUFFamily(architecture: "olmo2", needsHead: true, dividesWidth: true))
}
