import Transformer

extension Family {
    /// Llama without rotary embedding in some layers (NoPE, arXiv 2501.18795).
    public static let smollm3 = Family(name: "smollm3", choices: [.attentionBiases, .layersWithoutRope])
}

extension FamilyDescriptor {
    static let smollm3 = FamilyDescriptor(
        family: .smollm3,
        huggingFace: HuggingFaceFamily(
            modelType: "smollm3", architecture: "SmolLM3ForCausalLM",
            defaults: .init(
                contextLength: 32_768, keyValueHeads: 4, ropeTheta: 2_000_000, tiedHead: true),
            withoutRopeEvery: 4),
        gguf: GGUFFamily(architecture: "smollm3", interleavesHeads: true, withoutRopeEvery: 4))
}
