import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Tokenization
import Transformer

@Suite struct CheckpointSavingTests {
    private func expectSameParameters(
        _ actual: DecoderModel, _ expected: DecoderModel, rounding: (Float) -> Double = Double.init
    ) {
        #expect(actual.configuration == expected.configuration)
        #expect(actual.parameters.map(\.name) == expected.parameters.map(\.name))
        for (name, tensor) in expected.parameters {
            let found = actual.parameters.first { $0.name == name }?.tensor
            expectClose(
                found?.values ?? [], tensor.values.map(rounding), relative: 0, absolute: 0, name)
        }
    }

    @Test(arguments: [true, false])
    func float32ComesBackAsItWas(tied: Bool) throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "student")
            let decoder = try Fixture.decoder(tiedHead: tied)
            try Checkpoint.save(decoder: decoder, to: url)
            let loaded = try Checkpoint.load(url)
            expectSameParameters(loaded.decoder, decoder)
            #expect(loaded.tokens == SpecialTokens())
            #expect(loaded.stopIDs.isEmpty)
            let ids = Fixture.ids(20, vocabulary: 97)
            #expect(logits(loaded.decoder, ids) == logits(decoder, ids))
        }
    }

    @Test(arguments: [DType.bf16, .f16])
    func halvesComeBackRounded(type: DType) throws {
        let format = type == .bf16 ? Reference.HalfFormat.bfloat16 : .float16
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "student")
            let decoder = try Fixture.decoder()
            try Checkpoint.save(decoder: decoder, to: url, as: type)
            expectSameParameters(try Checkpoint.load(url).decoder, decoder, rounding: format.nearest)
            let config = try String(contentsOf: url.appending(path: "config.json"), encoding: .utf8)
            #expect(config.contains("\"dtype\": \"\(type == .bf16 ? "bfloat16" : "float16")\""))
        }
    }

    @Test func aForeignCheckpointSurvivesTheRoundTrip() throws {
        let original = try Checkpoint.load(golden("checkpoints/llama-untied"))
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "copy")
            try Checkpoint.save(decoder: original.decoder, tokens: original.tokens, to: url)
            let copy = try Checkpoint.load(url)
            expectSameParameters(copy.decoder, original.decoder)
            #expect(copy.tokens == original.tokens)
            // The weights' file is the one transformers wrote, byte for byte.
            #expect(
                try Data(contentsOf: url.appending(path: "model.safetensors"))
                    == Data(contentsOf: golden("checkpoints/llama-untied/model.safetensors")))
        }
    }

    @Test func theSameModelGivesTheSameBytes() throws {
        try withTemporaryDirectory { directory in
            let tokenizer = try tinyTokenizer()
            for name in ["a", "b"] {
                try Checkpoint.save(
                    decoder: tinyDecoder(tokenizer), tokenizer: tokenizer, template: .roleMarkers,
                    to: directory.appending(path: name), as: .bf16)
            }
            let names = try FileManager.default.contentsOfDirectory(
                atPath: directory.appending(path: "a").path)
            #expect(
                Set(names) == [
                    "config.json", "generation_config.json", "model.safetensors", "tokenizer.model",
                    "tokenizer_config.json",
                ])
            for name in names {
                let files = ["a", "b"].map { directory.appending(path: $0).appending(path: name) }
                #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]), "\(name)")
            }
            #expect(
                try Checkpoint.fingerprint(at: directory.appending(path: "a"))
                    == Checkpoint.fingerprint(at: directory.appending(path: "b")))
        }
    }

    @Test func tokenizerAndTemplateComeBack() throws {
        let tokenizer = try tinyTokenizer()
        let decoder = try tinyDecoder(tokenizer)
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "student")
            try Checkpoint.save(decoder: decoder, tokenizer: tokenizer, template: .roleMarkers, to: url)
            let loaded = try Checkpoint.load(url)
            #expect(try loaded.requireTokenizer().serializedModel == tokenizer.serializedModel)
            #expect(loaded.template == .roleMarkers)
            let end = try #require(tokenizer.id(of: "<|end|>"))
            #expect(loaded.stopIDs == [end, try #require(tokenizer.endID)])
            #expect(Set(loaded.tokens.ends) == loaded.stopIDs)
            #expect(loaded.tokens.begin == tokenizer.beginID)

            // transformers 5 stores templates in a file of their own.
            let configuration = url.appending(path: "tokenizer_config.json")
            try Data("{}".utf8).write(to: configuration)
            #expect(try Checkpoint.load(url).template == nil)
            // Of several with names, the default one, and the one for chats with tools; a student keeps both.
            let named = [
                ["name": "tool_use", "template": "{{ tools }}"],
                ["name": "default", "template": ChatTemplate.roleMarkers.jinja],
            ]
            try JSONEncoder().encode(["chat_template": named]).write(to: configuration)
            let both = try #require(try Checkpoint.load(url).template)
            #expect(both.jinja == ChatTemplate.roleMarkers.jinja && both.toolUseJinja == "{{ tools }}")
            let kept = directory.appending(path: "kept")
            try Checkpoint.save(decoder: decoder, tokenizer: tokenizer, template: both, to: kept)
            #expect(try Checkpoint.load(kept).template == both)
            let file = directory.appending(path: "kept.gguf")
            try Checkpoint.export(
                decoder: decoder, tokenizer: tokenizer, template: both, tokens: SpecialTokens(), to: file,
                as: .f32)
            #expect(try Checkpoint.load(file).template == both)
            try JSONEncoder().encode(["chat_template": named.dropLast()]).write(to: configuration)
            #expect(try Checkpoint.load(url).template == nil)
            try Data(ChatTemplate.roleMarkers.jinja.utf8).write(
                to: url.appending(path: "chat_template.jinja"))
            #expect(try Checkpoint.load(url).template == .roleMarkers)

            try Checkpoint.save(decoder: decoder, tokenizer: tokenizer, to: url)
            #expect(try Checkpoint.load(url).template == nil)
            #expect(try Checkpoint.load(url).stopIDs == [try #require(tokenizer.endID)])
        }
    }

    @Test func vocabulariesMustAgree() throws {
        let tokenizer = try tinyTokenizer()
        let other = try Fixture.decoder()
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "student")
            let saving = try userError { try Checkpoint.save(decoder: other, tokenizer: tokenizer, to: url) }
            #expect(saving.problem == "the tokenizer has 320 pieces, but the model's vocabulary has 97")
            #expect(!FileManager.default.fileExists(atPath: url.path))
            try Checkpoint.save(decoder: other, to: url)
            try tokenizer.serializedModel.write(to: url.appending(path: "tokenizer.model"))
            let loading = try userError { _ = try Checkpoint.load(url) }
            #expect(loading.problem == "tokenizer.model has 320 pieces, but the model's vocabulary has 97")
        }
    }

    @Test func weightsThatTheTypeCannotHoldAreRefused() throws {
        let cases: [(value: Float, type: DType, accepted: Bool)] = [
            (.nan, .f32, false), (.infinity, .bf16, false), (-.infinity, .f16, false),
            (65_519, .f16, true), (-65_520, .f16, false), (65_520, .bf16, true),
            (Float.greatestFiniteMagnitude, .f32, true), (Float.greatestFiniteMagnitude, .bf16, false),
            (0x1.FEFFFEp127, .bf16, true), (0x1.FFp127, .bf16, false),
        ]
        try withTemporaryDirectory { directory in
            for (value, type, accepted) in cases {
                let decoder = try Fixture.decoder()
                decoder.down(1).withUnsafeMutableFloats { $0[77] = value }
                let url = directory.appending(path: "student")
                if accepted {
                    try Checkpoint.save(decoder: decoder, to: url, as: type)
                    let loaded = try Checkpoint.load(url).decoder.down(1).values[77]
                    #expect(loaded.isFinite, "\(value) as \(type)")
                    try FileManager.default.removeItem(at: url)
                } else {
                    let error = try userError { try Checkpoint.save(decoder: decoder, to: url, as: type) }
                    #expect(error.problem.contains("the weight blocks.1.feedForward.down.weight holds"))
                    #expect(!FileManager.default.fileExists(atPath: url.path))
                }
            }
        }
    }

    @Test func onlyAnOlderCheckpointIsReplaced() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-tied", in: directory)
            let decoder = try Fixture.decoder()
            // Shards, and their index, must not outlive the model they belong to.
            try Checkpoint.save(decoder: decoder, to: copy.url)
            let names = try FileManager.default.contentsOfDirectory(atPath: copy.url.path).sorted()
            #expect(names == ["config.json", "generation_config.json", "model.safetensors"])
            try Data("years of work".utf8).write(to: copy.file("thesis.tex"))
            let error = try userError { try Checkpoint.save(decoder: decoder, to: copy.url) }
            #expect(error.problem == "replacing this directory would delete thesis.tex")
            #expect(FileManager.default.fileExists(atPath: copy.file("thesis.tex").path))
            let contents = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            #expect(contents == ["llama-tied"])
        }
    }
}
