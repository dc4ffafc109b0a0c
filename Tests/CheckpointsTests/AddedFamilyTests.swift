import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Checkpoints

// What it takes to add a family: this declaration, in a file of its own, and its name in a registry.

extension Family {
    fileprivate static let toy = Family(
        name: "toy", feedForward: .gated(.geluTanh), queryKeyNorm: .eachHead, choices: .slidingWindow)
}

extension FamilyDescriptor {
    fileprivate static let toy = FamilyDescriptor(
        family: .toy,
        huggingFace: HuggingFaceFamily(
            modelType: "toy", architecture: "ToyForCausalLM",
            activations: [.init(key: "hidden_act", values: ["gelu_pytorch_tanh"])],
            defaults: .init(contextLength: 64), window: .init(size: 3),
            names: ["feedForwardNorm.weight": ["ffn_layernorm.weight"]]),
        gguf: GGUFFamily(
            architecture: "toy", interleavesHeads: true, window: .init(size: 3),
            names: ["attention.output.weight": ["attn_out.weight"]]))
}

@Suite struct AddedFamilyTests {
    private let families = FamilyRegistry(descriptors: FamilyRegistry.standard.descriptors + [.toy])
    private let ids: [Int32] = [1, 5, 2, 9, 4, 3, 8]

    private func decoder() throws -> DecoderModel {
        try DecoderModel(
            configuration: Configuration(
                family: .toy, vocabularySize: 11, width: 16, layers: 2, heads: 4, keyValueHeads: 2,
                feedForward: 24, tiedHead: false, contextLength: 32,
                slidingWindow: SlidingWindow(size: 3, layers: [0, 1])), seed: 3)
    }

    @Test func isReadAndWrittenAsADirectory() throws {
        let original = try decoder()
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "toy")
            try Checkpoint.save(
                decoder: original, tokenizer: nil, template: nil, tokens: nil, to: url, as: .f32,
                families: families)
            let copy = try Checkpoint.load(url, weights: .f32, families: families).decoder
            #expect(copy.configuration == original.configuration)
            #expect(logits(copy, ids) == logits(original, ids))
            let names = try SafetensorsFile(contentsOf: url.appending(path: "model.safetensors")).names
            #expect(names.contains("model.layers.0.ffn_layernorm.weight"))
        }
    }

    @Test func isReadAndWrittenAsAGGUFFile() throws {
        let original = try decoder()
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "toy.gguf")
            try Checkpoint.export(
                decoder: original, tokenizer: nil, template: nil, tokens: SpecialTokens(), to: url, as: .f32,
                families: families)
            #expect(try GGUFFile(contentsOf: url).tensors["blk.1.attn_out.weight"] != nil)
            let copy = try Checkpoint.load(url, weights: .f32, families: families).decoder
            #expect(copy.configuration == original.configuration)
            #expect(logits(copy, ids) == logits(original, ids))
        }
    }

    @Test func isRefusedWhereItIsNotRegistered() throws {
        let original = try decoder()
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "toy")
            try Checkpoint.save(
                decoder: original, tokenizer: nil, template: nil, tokens: nil, to: url, as: .f32,
                families: families)
            let error = try #require(throws: UserError.self) { try Checkpoint.load(url) }
            #expect(error.problem == "\"model_type\" is \"toy\"")
            #expect(error.hint?.contains("gemma3_text, gpt2, gpt_neox, granite, llama, mistral") == true)
        }
    }

    @Test func refusesChoicesThatItDoesNotHave() throws {
        var shape = try decoder().configuration
        shape.logitSoftCap = 30
        #expect(shape.problems == ["toy models have no soft caps"])
    }

    @Test func everyFamilyIsListedOnce() {
        let all = FamilyRegistry.standard.descriptors
        #expect(Set(all.map(\.family.name)).count == all.count)
        #expect(Set(all.map(\.huggingFace.modelType)).count == all.count)
        for descriptor in all {
            #expect((descriptor.gguf.architecture == nil) == (descriptor.gguf.equivalent != nil))
        }
    }
}
