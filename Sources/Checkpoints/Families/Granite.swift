import Transformer

extension Family {
    /// Llama with factors of embeddings, attention scores, residuals and logits: the dense models of Granite 3 and 4.1 and, in GGUF
    /// files, of Granite 4.0, whose Hugging Face directories have a type of their own, `granitemoehybrid`.
    public static let granite = Family(
        name: "granite", choices: [.attentionBiases, .queryScalar, .multipliers])
}

extension FamilyDescriptor {
    static let granite = FamilyDescriptor(
        family: .granite,
        huggingFace: HuggingFaceFamily(modelType: "granite", architecture: "GraniteForCausalLM"),
        gguf: GGUFFamily(
            architecture: "granite", interleavesHeads: true, hasAttentionBiases: true,
            writesFrequencyFactors: true))
}
