import Foundation
import Support
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Checkpoints

/// Keys and tensors of the families' files that differ from one to another, or that change the arithmetic.
@Suite struct FamilyKeysTests {
    /// A golden model with some keys of its `config.json` changed.
    private func load(
        _ name: String, changing changes: String, tensors: ((inout [SafetensorsEntry]) throws -> Void)? = nil
    ) throws -> DecoderModel {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: name)
            try FileManager.default.copyItem(at: golden("families/\(name)"), to: url)
            try CheckpointDirectory(at: url).edit(changes)
            if let tensors {
                let weights = url.appending(path: "model.safetensors")
                let file = try SafetensorsFile(contentsOf: weights)
                var entries = try file.names.map { name in
                    let tensor = try file.floats(name)
                    return SafetensorsEntry(name: name, shape: tensor.shape, values: tensor.values)
                }
                try tensors(&entries)
                try SafetensorsWriter.write(entries, to: weights)
            }
            return try Checkpoint.load(url, weights: .f32).decoder
        }
    }

    private static let faults: [(name: String, changes: String, message: String)] = [
        (
            "gpt2", #"{"activation_function": "relu"}"#,
            #""activation_function" is "relu": only "gelu_new" or"#
        ),
        ("gpt2", #"{"scale_attn_weights": false}"#, #""scale_attn_weights" is false: only true"#),
        (
            "gpt2", #"{"scale_attn_by_inverse_layer_idx": true}"#,
            #""scale_attn_by_inverse_layer_idx" is true: only false"#
        ),
        ("gpt2", #"{"add_cross_attention": true}"#, #""add_cross_attention" is true"#),
        ("gpt2", #"{"n_head": 3}"#, "3 heads of 2, 3 of them of keys and values, in a width of 8"),
        ("gpt2", #"{"n_head": 0}"#, "heads 0 is not positive"),
        ("gpt2", #"{"n_embd": -9223372036854775808}"#, "width -9223372036854775808 is not positive"),
        ("gpt2", #"{"n_embd": null}"#, #""n_embd" is missing: a whole number"#),
        ("neox", #"{"attention_bias": false}"#, #""attention_bias" is false: only true"#),
        ("neox", #"{"hidden_act": "gelu_fast"}"#, #""hidden_act" is "gelu_fast": only "gelu" is supported"#),
        ("neox", #"{"rotary_pct": 0.25}"#, "its partial_rotary_factor differs from the 0.25 beside it"),
        ("granite", #"{"mlp_bias": true}"#, #""mlp_bias" is true"#),
        ("granite", #"{"attention_multiplier": 0}"#, #""attention_multiplier" is 0: a positive number"#),
        ("granite", #"{"attention_multiplier": 1e100}"#, "a positive number is expected"),
        ("granite", #"{"logits_scaling": 0}"#, "the logit multiplier inf is not positive"),
        ("granite", #"{"residual_multiplier": -1}"#, "the residual multiplier -1.0 is not positive"),
        ("olmoe", #"{"clip_qkv": 8}"#, #""clip_qkv" is 8: only null is supported"#),
        ("olmoe", #"{"num_experts_per_tok": 5}"#, "5 of 4 experts for each token"),
        ("qwen3moe", #"{"mlp_only_layers": [0]}"#, #""mlp_only_layers" is [0]: only [] is supported"#),
        ("qwen3moe", #"{"decoder_sparse_step": 2}"#, #""decoder_sparse_step" is 2: only 1 is supported"#),
        ("qwen3moe", #"{"use_sliding_window": true}"#, #""use_sliding_window" is true: only false"#),
        ("qwen3moe", #"{"num_experts": 4}"#, #""num_local_experts" is 5: it differs from num_experts"#),
        ("mixtral", #"{"num_local_experts": 1000000000}"#, "1000000000 experts are not between 1 and 4096"),
        (
            "mixtral", #"{"num_local_experts": 4000}"#,
            "4000 experts in each of 2 layers, but there are only"
        ),
        ("mixtral", #"{"num_experts_per_tok": 0}"#, "0 of 4 experts for each token"),
    ]

    @Test(arguments: faults.indices) func isRefused(index: Int) throws {
        let (name, changes, message) = Self.faults[index]
        let error = try userError { _ = try load(name, changing: changes) }
        #expect(error.description.contains(message), "\(error.description)")
    }

    private func expectGolden(_ decoder: DecoderModel, _ name: String) throws {
        let file = try SafetensorsFile(contentsOf: golden("families/\(name).golden.safetensors"))
        let ids = try file.values("ids.0", as: Int32.self)
        let wanted = try file.floats("logits.0").values.map(Double.init)
        expectClose(logits(decoder, ids), wanted, relative: 2e-5, absolute: 2e-5)
    }

    /// Files of the base model have no `transformer.`, and old ones hold masks.
    @Test func theOldestGPT2FilesAreRead() throws {
        let decoder = try load("gpt2", changing: "{}") { entries in
            entries = try entries.map { entry in
                try entry.renamed(entry.name.replacing("transformer.", with: ""))
            }
            let mask = [Float](repeating: 1, count: 16)
            entries += (0..<2).flatMap { layer in
                [
                    SafetensorsEntry(name: "h.\(layer).attn.bias", shape: [1, 1, 4, 4], values: mask),
                    SafetensorsEntry(name: "h.\(layer).attn.masked_bias", shape: [], values: [-1e4 as Float]),
                ]
            }
        }
        try expectGolden(decoder, "gpt2")
    }

    /// Files of Pythia: rotary keys at the top level, masks and frequencies among the tensors.
    @Test func theOldestNeoXFilesAreRead() throws {
        let old = #"{"rope_parameters": null, "rotary_pct": 0.34, "rotary_emb_base": 50}"#
        let decoder = try load("neox-sequential", changing: old) { entries in
            entries += (0..<3).flatMap { layer in
                let prefix = "gpt_neox.layers.\(layer).attention."
                return [
                    SafetensorsEntry(
                        name: prefix + "bias", shape: [1, 1, 2, 2], values: [1, 0, 1, 1] as [Float]),
                    SafetensorsEntry(name: prefix + "masked_bias", shape: [], values: [-1e9 as Float]),
                    SafetensorsEntry(
                        name: prefix + "rotary_emb.inv_freq", shape: [2], values: [1, 0.1] as [Float]),
                ]
            }
        }
        #expect(decoder.configuration.rotaryDimension == 4 && decoder.configuration.ropeTheta == 50)
        try expectGolden(decoder, "neox-sequential")
    }

    /// Without any of the keys a quarter of each head is turned, as in transformers.
    @Test func aQuarterOfNeoXHeadsIsTurnedByDefault() throws {
        let decoder = try load("neox", changing: #"{"rope_parameters": null}"#)
        #expect(decoder.configuration.turnedComponents == 2 && decoder.configuration.headDimension == 8)
    }

    /// Runs `body` on the path of a GGUF file of a golden model.
    private func withGGUF(
        of name: String, _ fill: (inout GGUFWriter, DecoderModel, GGUFFamily) throws -> Void,
        _ body: (URL, DecoderModel) throws -> Void
    ) throws {
        let decoder = try Checkpoint.load(golden("families/\(name)"), weights: .f32).decoder
        let family = FamilyRegistry.standard[decoder.configuration.family].gguf
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "model.gguf")
            var writer = GGUFWriter()
            writer.add(decoder.configuration, family)
            try fill(&writer, decoder, family)
            try writer.write(to: url)
            try body(url, decoder)
        }
    }

    /// GGUF files of 2023 hold each expert's weights in tensors of their own.
    @Test func expertsInTensorsOfTheirOwnAreRead() throws {
        try withGGUF(of: "mixtral") { writer, decoder, family in
            let tensors = Dictionary(uniqueKeysWithValues: decoder.parameters.map { ($0.name, $0.tensor) })
            let maps = GGUFNames.parameters(of: decoder.configuration, family, fusesQueryKeyValue: false)
            for map in maps {
                for part in map.parts {
                    let values = part.arranged(tensors[map.name]!).values
                    writer.add(
                        GGUFWriter.Entry(name: part.name, shape: part.shape, dtype: .f32) { file in
                            try values.withUnsafeBytes { try file.write($0) }
                        })
                }
            }
        } _: { url, decoder in
            let copy = try Checkpoint.load(url).decoder
            #expect(copy.configuration == decoder.configuration)
            try expectGolden(copy, "mixtral")
        }
    }

    /// llama.cpp leaves rotary embedding out of Granite models whose files say so.
    @Test func graniteWithoutRotaryEmbeddingIsRefused() throws {
        try withGGUF(of: "granite") { writer, decoder, family in
            writer.add("granite.rope.scaling.finetuned", false)
            try writer.add(decoder, family, as: nil)
        } _: { url, _ in
            let error = try userError { _ = try Checkpoint.load(url) }
            #expect(error.description.contains("\"granite.rope.scaling.finetuned\" is false: "), "\(error)")
        }
    }

    /// Experts are of the file's number, or the file is refused by name.
    @Test func tensorsOfOtherNumbersOfExpertsAreRefused() throws {
        let tensor = StoredTensor(
            name: "blk.0.ffn_up_exps.weight", dtype: .f32, typeName: "F32", shape: [3, 2, 2],
            bytes: Data(count: 48), file: "model.gguf")
        let error = try userError { _ = try GGUFExperts.separated([tensor.name: tensor], experts: 4) }
        #expect(
            error.description.contains("ffn_up_exps.weight\" is [3, 2, 2], not of three dimensions for 4"))
    }

    /// A factor that is forgotten, or applied twice, would show at one of these.
    @Test func eachOfGranitesMultipliersChangesTheLogits() throws {
        let ids: [Int32] = [1, 5, 2, 9, 4]
        let plain = logits(try load("granite", changing: "{}"), ids)
        for key in [
            "embedding_multiplier", "attention_multiplier", "residual_multiplier", "logits_scaling",
        ] {
            let changed = logits(try load("granite", changing: "{\"\(key)\": 0.5}"), ids)
            #expect(zip(plain, changed).contains { abs($0 - $1) > 1e-3 }, "\(key)")
        }
        let halved = logits(try load("granite", changing: #"{"logits_scaling": 12.0}"#), ids)
        expectClose(halved, plain.map { Double($0) / 2 }, relative: 1e-6, absolute: 1e-6)
    }
}

extension SafetensorsEntry {
    fileprivate func renamed(_ name: String) throws -> SafetensorsEntry {
        SafetensorsEntry(name: name, type: type, shape: shape, write: write)
    }
}
