import Checkpoints
import Foundation
import Support
import TestSupport
import Testing
import Transformer

/// Faults found, line 20: the same weights under the names that other tools give them.
@Suite struct TensorNamesTests {
    /// The decoder of a golden, its tensors renamed and others put beside them.
    private func load(
        _ name: String, in directory: URL, others: [String] = [], _ rename: (String) -> String
    ) throws -> DecoderModel {
        let url = directory.appending(path: "renamed")
        try? FileManager.default.removeItem(at: url)
        try FileManager.default.copyItem(at: golden(name), to: url)
        let old = try SafetensorsFile(contentsOf: golden("\(name)/model.safetensors"))
        let entries = try old.names.map { SafetensorsEntry(name: rename($0), tensor: try old.floats($0)) }
        try SafetensorsWriter.write(
            entries + others.map { SafetensorsEntry(name: $0, shape: [1], values: [Float(0)]) },
            to: url.appending(path: "model.safetensors"))
        return try Checkpoint.load(url).decoder
    }

    private func expectSame(_ decoder: DecoderModel, as name: String) throws {
        let original = try Checkpoint.load(golden(name)).decoder
        for (mine, theirs) in zip(decoder.parameters, original.parameters) {
            #expect(mine.name == theirs.name)
            expectSameBits(mine.tensor.values, theirs.tensor.values, mine.name)
        }
    }

    static let renamings: [String: @Sendable (String) -> String] = [
        "compiled": { "_orig_mod." + $0 },
        "each layer compiled": { $0.replacing(/layers\.(\d+)\./) { "layers.\($0.1)._orig_mod." } },
        "data-parallel": { "module." + $0 },
        "both": { "module._orig_mod." + $0 },
        "model. missing": { $0.hasPrefix("model.") ? String($0.dropFirst(6)) : $0 },
        "model. doubled": { $0.hasPrefix("model.") ? "model." + $0 : $0 },
        "wrapped whole": { "base_model.model." + $0 },
    ]

    @Test(arguments: renamings.keys.sorted())
    func prefixesAreUnderstood(kind: String) throws {
        try withTemporaryDirectory { directory in
            let rename = try #require(Self.renamings[kind])
            try expectSame(
                load("checkpoints/llama-untied", in: directory, rename), as: "checkpoints/llama-untied")
        }
    }

    @Test func twoTensorsOfOneNameAreRefused() throws {
        try withTemporaryDirectory { directory in
            let error = try userError {
                _ = try load(
                    "checkpoints/llama-untied", in: directory, others: ["_orig_mod.model.norm.weight"]
                ) { $0 }
            }
            #expect(
                error.problem
                    == #"the tensors "_orig_mod.model.norm.weight" and "model.norm.weight" are both model.norm.weight"#
            )
        }
    }

    /// Faults found, line 21: two kilobytes of names.
    @Test func aMessageHasFewNames() throws {
        try withTemporaryDirectory { directory in
            let error = try userError {
                _ = try load("checkpoints/llama-untied", in: directory) {
                    "x" + $0.replacing("embed", with: "e")
                }
            }
            #expect(error.problem.contains("missing: model.embed_tokens.weight, "))
            #expect(error.problem.contains("not part of the model: xlm_head.weight, "))
            #expect(error.problem.contains("and 17 more") && error.problem.utf8.count < 500)
        }
    }

    /// The text part of a multimodal class: as it was first written, and as transformers 4.52 and later write it.
    @Test(
        arguments: [("gemma3", "gemma3", "Gemma3"), ("mistral-nemo", "mistral3", "Mistral3")],
        [
            ("language_model.model.", "language_model."), ("model.language_model.", ""),
            ("language_model.", ""),
        ])
    func theTextPartOfAMultimodalModelIsRead(
        _ family: (golden: String, type: String, title: String), _ prefixes: (model: String, head: String)
    ) throws {
        let name = "families/\(family.golden)"
        let (prefix, headPrefix) = prefixes
        try withTemporaryDirectory { directory in
            let source = directory.appending(path: "source")
            try FileManager.default.copyItem(at: golden(name), to: source)
            let file = source.appending(path: "config.json")
            var text = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
            let ends = text.removeValue(forKey: "eos_token_id")
            text["architectures"] = nil
            let whole: [String: Any] = [
                "model_type": family.type, "architectures": ["\(family.title)ForConditionalGeneration"],
                "text_config": text, "vision_config": ["hidden_size": 8], "eos_token_id": ends as Any,
            ]
            try JSONSerialization.data(withJSONObject: whole).write(to: file)
            let old = try SafetensorsFile(contentsOf: source.appending(path: "model.safetensors"))
            let entries = try old.names.map { name in
                SafetensorsEntry(
                    name: name.hasPrefix("model.") ? prefix + name.dropFirst(6) : headPrefix + name,
                    tensor: try old.floats(name))
            }
            let vision = ["vision_tower.embeddings.weight", "model.multi_modal_projector.weight"].map {
                SafetensorsEntry(name: $0, shape: [1], values: [Float(0)])
            }
            try SafetensorsWriter.write(entries + vision, to: source.appending(path: "model.safetensors"))
            let model = try Checkpoint.load(source)
            let original = try Checkpoint.load(golden(name))
            #expect(model.decoder.configuration == original.decoder.configuration)
            #expect(model.tokens == original.tokens)
            try expectSame(model.decoder, as: name)
        }
    }

    @Test func otherMultimodalClassesAreRefused() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            try copy.edit(#"{"model_type": "gemma3", "text_config": []}"#)
            #expect(try userError { _ = try Checkpoint.load(copy.url) }.problem.contains("text_config"))
            try copy.edit(#"{"model_type": "gemma3", "text_config": {}, "architectures": ["Other"]}"#)
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            #expect(error.problem.contains(#"only ["Gemma3ForConditionalGeneration"] is supported"#))
        }
    }

    @Test func anAdapterIsRefused() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            try Data("{}".utf8).write(to: copy.file("adapter_config.json"))
            #expect(try userError { _ = try Checkpoint.load(copy.url) }.problem.contains("holds an adapter"))
        }
    }
}
