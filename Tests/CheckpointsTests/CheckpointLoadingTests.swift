import Checkpoints
import Foundation
import Support
import TestSupport
import Testing

@Suite struct CheckpointLoadingTests {
    /// Float32 arithmetic against transformers' in Float64, on logits of order 1 to 10.
    @Test(arguments: ["llama-untied", "llama-tied"])
    func givesTheLogitsOfTransformers(name: String) throws {
        let checkpoint = try Checkpoint.load(golden("checkpoints/\(name)"))
        let expected = try SafetensorsFile(contentsOf: golden("checkpoints/\(name).golden.safetensors"))
        for index in 0..<2 {
            let ids = try expected.values("ids.\(index)", as: Int32.self)
            let wanted = try expected.floats("logits.\(index)")
            #expect(wanted.shape == [ids.count, 64])
            expectClose(
                logits(checkpoint.decoder, ids), wanted.values.map(Double.init), relative: 1e-5,
                absolute: 1e-5)
        }
    }

    @Test func readsTheDescription() throws {
        let untied = try Checkpoint.load(golden("checkpoints/llama-untied"))
        let shape = untied.decoder.configuration
        #expect((shape.vocabularySize, shape.width, shape.layers, shape.feedForward) == (64, 16, 2, 24))
        #expect((shape.heads, shape.keyValueHeads, shape.headDimension) == (4, 2, 6))
        #expect(shape.ropeTheta == 5000)
        #expect(shape.normEpsilon == 1e-5)
        #expect(shape.contextLength == 64)
        #expect(!shape.tiedHead)
        #expect(untied.tokens == SpecialTokens(begin: 1, ends: [2, 5], padding: 0))
        #expect(untied.stopIDs == [2, 5])
        #expect(untied.tokenizer == nil)
        #expect(untied.template == nil)
        let error = try userError { _ = try untied.requireTokenizer() }
        #expect(error.problem == "holds neither tokenizer.model nor tokenizer.json")
        #expect(error.status == .noInput)
        let tied = try Checkpoint.configuration(at: golden("checkpoints/llama-tied"))
        #expect(tied.tiedHead)
        #expect(tied.keyValueHeads == 1)
    }

    @Test func aDirectoryWithoutWhatItTakesIsNamed() throws {
        try withTemporaryDirectory { directory in
            let cases: [(make: (CheckpointDirectory) throws -> Void, message: String)] = [
                ({ try FileManager.default.removeItem(at: $0.url) }, "no such model"),
                ({ try FileManager.default.removeItem(at: $0.file("config.json")) }, "holds no config.json"),
                (
                    { try FileManager.default.removeItem(at: $0.file("model.safetensors")) },
                    "holds no weights; model.safetensors or"
                ),
                (
                    {
                        try FileManager.default.moveItem(
                            at: $0.file("model.safetensors"), to: $0.file("pytorch_model.bin"))
                    }, "holds pytorch_model.bin but no model.safetensors; convert it"
                ),
                (
                    {
                        try FileManager.default.removeItem(at: $0.url)
                        try Data("GGML".utf8).write(to: $0.url)
                    }, "a file; a Hugging Face directory"
                ),
            ]
            for (make, message) in cases {
                let copy = try CheckpointDirectory("llama-untied", in: directory)
                try make(copy)
                let error = try userError { _ = try Checkpoint.load(copy.url) }
                #expect(error.description.hasPrefix("\(copy.url.path): \(message)"))
                #expect(error.status == .noInput)
                try? FileManager.default.removeItem(at: copy.url)
            }
        }
    }

    /// Missing tensors, extra ones and wrong shapes come in one message.
    @Test func tensorsThatDoNotFitAreListedTogether() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            let old = try SafetensorsFile(contentsOf: copy.file("model.safetensors"))
            var entries: [SafetensorsEntry] = []
            for name in old.names where name != "model.layers.1.self_attn.k_proj.weight" {
                if name == "model.norm.weight" {
                    entries.append(
                        .init(name: name, shape: [8, 2], values: [Float](repeating: 1, count: 16)))
                } else if name == "model.layers.0.mlp.up_proj.weight" {
                    let shape = try old.view(name).shape
                    entries.append(.init(name: name, shape: shape, values: [Int32](repeating: 1, count: 384)))
                } else {
                    entries.append(.init(name: name, tensor: try old.floats(name)))
                }
            }
            entries.append(
                .init(name: "model.layers.0.self_attn.q_proj.bias", shape: [1], values: [Float(0)]))
            entries.append(
                .init(name: "model.layers.0.self_attn.rotary_emb.inv_freq", shape: [1], values: [Float(0)]))
            try SafetensorsWriter.write(entries, to: copy.file("model.safetensors"))
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            #expect(
                error.description == """
                    \(copy.file("model.safetensors").path): the tensors do not fit config.json: missing: \
                    model.layers.1.self_attn.k_proj.weight; not part of the model: \
                    model.layers.0.self_attn.q_proj.bias; model.layers.0.mlp.up_proj.weight has dtype I32, \
                    not F32, BF16, F16 or F64, model.norm.weight is [8, 2], not [16]
                    """)
        }
    }

    @Test func aTiedModelMayStoreItsHeadTwice() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            try copy.edit(#"{"tie_word_embeddings": true}"#)
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            #expect(error.problem.contains("\"lm_head.weight\" differs from model.embed_tokens.weight"))

            let old = try SafetensorsFile(contentsOf: copy.file("model.safetensors"))
            let entries = try old.names.map { name in
                let source = name == "lm_head.weight" ? "model.embed_tokens.weight" : name
                return SafetensorsEntry(name: name, tensor: try old.floats(source))
            }
            try SafetensorsWriter.write(entries, to: copy.file("model.safetensors"))
            #expect(try Checkpoint.load(copy.url).decoder.configuration.tiedHead)
        }
    }

    @Test func shardsAndIndexMustAgree() throws {
        let shard = "model-00001-of-00004.safetensors"
        let index = "model.safetensors.index.json"
        let cases: [(map: String, message: String)] = [
            (#""all""#, "the object \"weight_map\" is missing"),
            (#"{"model.norm.weight": 3}"#, "\"model.norm.weight\" is in 3"),
            (#"{"model.norm.weight": "../\#(shard)"}"#, "the name of a file beside the index is expected"),
            (#"{"model.norm.weight": ".."}"#, "the name of a file beside the index is expected"),
            (#"{"model.norm.weight": ""}"#, "the name of a file beside the index is expected"),
            (#"{"model.norm.weight": "none.safetensors"}"#, "No such file"),
            (#"{"absent": "\#(shard)"}"#, "\"absent\" is not in \(shard)"),
            (#"{"model.embed_tokens.weight": "\#(shard)"}"#, "the index does not list \""),
            ("{}", "config.json has 2 layers, but there are only 0 tensors"),
        ]
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-tied", in: directory)
            for (map, message) in cases {
                try copy.edit(#"{"weight_map": \#(map)}"#, in: index)
                let error = try userError { _ = try Checkpoint.load(copy.url) }
                #expect(error.description.contains(message))
            }
            try Data("{\"weight_map\": ".utf8).write(to: copy.file(index))
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            #expect(
                error.description
                    == "\(copy.file(index).path):1:16: not valid JSON: the file ends where a value is "
                    + "expected")
        }
    }

    @Test func weightsThatAreNoNumbersAreRefused() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            var bytes = try Data(contentsOf: copy.file("model.safetensors"))
            bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0, 0, 0xC0, 0x7F])
            try bytes.write(to: copy.file("model.safetensors"))
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            #expect(error.problem == "tensor \"model.norm.weight\" holds infinite values or NaN")
        }
    }

    @Test func theFingerprintChangesWithTheContentOnly() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            let before = try Checkpoint.fingerprint(at: copy.url)
            #expect(try Checkpoint.fingerprint(at: golden("checkpoints/llama-untied")) == before)
            try Data("notes".utf8).write(to: copy.file("README.md"))
            #expect(try Checkpoint.fingerprint(at: copy.url) == before)
            var bytes = try Data(contentsOf: copy.file("model.safetensors"))
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: copy.file("model.safetensors"))
            #expect(try Checkpoint.fingerprint(at: copy.url) != before)
            let missing = copy.url.appending(path: "none")
            let error = try userError { _ = try Checkpoint.fingerprint(at: missing) }
            #expect(error.status == .noInput)
        }
    }
}
