import Transformer

/// A model family: the decoder's switches, and how Hugging Face directories and GGUF files describe its models.
///
/// A family is added by one file beside this one and its name in `FamilyRegistry.standard`; its goldens show that it is right.
/// What no field here can express needs a new field, not a question about the family elsewhere.
struct FamilyDescriptor: Sendable {
    let family: Family
    let huggingFace: HuggingFaceFamily
    let gguf: GGUFFamily
}

/// The families that checkpoints are read and written of.
struct FamilyRegistry: Sendable {
    let descriptors: [FamilyDescriptor]

    /// The families that are supported.
    static let standard = FamilyRegistry(
        descriptors: [
            .llama, .mistral, .gemma, .gemma2, .gemma3, .phi3, .qwen2, .qwen3, .smollm3, .olmo2, .granite,
            .gpt2, .gptNeoX, .mixtral, .qwen3MoE, .olmoe,
        ])

    /// How a model's family is read and written.
    subscript(family: Family) -> FamilyDescriptor {
        guard let descriptor = descriptors.first(where: { $0.family == family }) else {
            preconditionFailure("the family \(family.name) is not registered")
        }
        return descriptor
    }

    /// The family that `model_type` of `config.json` names.
    func named(modelType: String) -> FamilyDescriptor? {
        descriptors.first { $0.huggingFace.modelType == modelType }
    }

    /// The family whose multimodal class has this `model_type`.
    func multimodal(modelType: String) -> FamilyDescriptor? {
        descriptors.first { $0.huggingFace.multimodal?.modelType == modelType }
    }

    /// The family that `general.architecture` of a GGUF file names: Llama and Mixtral share one.
    func named(architecture: String, hasExperts: Bool = false) -> FamilyDescriptor? {
        let named = descriptors.filter { $0.gguf.architecture == architecture }
        return named.first { ($0.gguf.experts != nil) == hasExperts } ?? named.first
    }
}
