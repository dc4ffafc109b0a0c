import Transformer

extension Family {
    /// Mistral with experts in place of each feed-forward (Jiang et al. 2024, arXiv 2401.04088).
    public static let mixtral = Family(name: "mixtral", choices: [.slidingWindow, .experts])
}

extension FamilyDescriptor {
    static let mixtral = FamilyDescriptor(
        family: .mixtral,
        huggingFace: HuggingFaceFamily(
            modelType: "mixtral", architecture: "MixtralForCausalLM",
            defaults: .init(
                normEpsilon: 1e-5, contextLength: 131_072, keyValueHeads: 8, ropeTheta: 1_000_000),
            window: .init(),
            experts: .init(count: ["num_local_experts"], standardCount: 8, perToken: 2),
            names: [
                "feedForward.router.weight": ["block_sparse_moe.gate.weight"],
                "feedForward.experts.gateUp.weight": [
                    "block_sparse_moe.experts.{}.w1.weight", "block_sparse_moe.experts.{}.w3.weight",
                ],
                "feedForward.experts.down.weight": ["block_sparse_moe.experts.{}.w2.weight"],
            ]),
        // llama.cpp knows Mixtral as a Llama with experts.
        gguf: GGUFFamily(
            architecture: "llama", interleavesHeads: true, writesFrequencyFactors: true,
            experts: .init(areNormalized: true, haveOwnWidth: false)))
}
