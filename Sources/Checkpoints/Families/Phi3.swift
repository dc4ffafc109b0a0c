import Transformer

extension Family {
    /// Llama with its projections stored together (Abdin et al. 2024, arXiv 2404.14219).
    public static let phi3 = Family(name: "phi3", choices: [.slidingWindow, .partialRotary])
}

extension FamilyDescriptor {
    static let phi3 = FamilyDescriptor(
        family: .phi3,
        huggingFace: HuggingFaceFamily(
            modelType: "phi3", architecture: "Phi3ForCausalLM",
            defaults: .init(normEpsilon: 1e-5, contextLength: 4096), window: .init(),
            // As first versions of Phi-3 named it.
            ropeTypeAliases: ["yarn": "longrope"],
            // Such classes came with Phi-3 before transformers had its own.
            ignoresAutoMap: true,
            names: [
                "attention.queryKeyValue.weight": ["self_attn.qkv_proj.weight"],
                "feedForward.gateUp.weight": ["mlp.gate_up_proj.weight"],
            ]),
        gguf: GGUFFamily(
            architecture: "phi3", fusesQueryKeyValue: true, window: .init(), dividesWidth: true,
            // Gate and up are one tensor, under the name of one of them.
            names: ["feedForward.gateUp.weight": ["ffn_up.weight"]]))
}
