import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// What `config.json` may say: followed, or refused with the key and its value.
@Suite struct ModelConfigurationTests {
    static let refused: [String: String] = [
        #"{"model_type": "gptj"}"#:
            #""model_type" is "gptj": this family's layer normalization, with its biases and feed-forward, is not supported; the types that are supported: gemma, gemma2, gemma3_text, gpt2, gpt_neox, granite, llama, mistral, mixtral, olmo2, olmoe, phi3, qwen2, qwen3, qwen3_moe, smollm3"#,
        #"{"model_type": "qwen2_moe"}"#:
            "experts that all tokens pass through, beside those that a router chooses, are not supported; the",
        #"{"model_type": "gpt_oss"}"#: "attention sinks and experts in MXFP4 are not supported; the",
        #"{"model_type": "olmo3"}"#:
            "scaled rotary embedding in some layers and plain in others is not supported",
        #"{"model_type": "unheard-of"}"#: #""model_type" is "unheard-of"; the types that are supported: "#,
        #"{"model_type": null}"#: #""model_type" is missing"#,
        #"{"architectures": ["LlamaForSequenceClassification"]}"#: #"only ["LlamaForCausalLM"] is supported"#,
        #"{"hidden_act": "gelu"}"#: #""hidden_act" is "gelu": only "silu" is supported"#,
        #"{"attention_bias": 1}"#: #""attention_bias" is 1: true or false is expected"#,
        #"{"attention_bias": true}"#: "missing: model.layers.0.self_attn.q_proj.bias",
        #"{"partial_rotary_factor": 0.75}"#:
            #""partial_rotary_factor" is 0.75: only a partial_rotary_factor of 1 is supported in llama models"#,
        #"{"mlp_bias": true}"#: #""mlp_bias" is true"#,
        #"{"sliding_window": 128}"#: #""sliding_window" is 128: this is not supported"#,
        #"{"quantization_config": {"bits": 4}}"#: #""quantization_config" is {"bits":4}"#,
        #"{"auto_map": {"AutoModel": "x.Y"}}"#: #""auto_map" is {"AutoModel":"x.Y"}"#,
        #"{"rope_scaling": {"rope_type": "dynamic", "factor": 8.0}}"#:
            #""rope_type" is "dynamic": only default, linear, llama3, longrope and yarn are supported"#,
        #"{"rope_scaling": {"type": "mrope", "mrope_section": [2, 2]}}"#: #""type" is "mrope": only default"#,
        #"{"rope_scaling": {"type": "yarn", "factor": -8.0}}"#: "the rotary factor -8.0 is not positive",
        #"{"rope_scaling": {"type": "yarn", "factor": 8.0, "beta_fast": 0.5}}"#:
            "the rotary beta_fast 0.5 is below beta_slow 1.0",
        #"{"rope_scaling": {"type": "yarn", "factor": 8.0, "truncate": 1}}"#:
            #""truncate" is 1: true or false is expected"#,
        #"{"rope_scaling": {"type": "yarn", "factor": 8.0, "short_factor": [1]}}"#:
            "short_factor is not supported",
        #"{"rope_scaling": {"type": "yarn", "original_max_position_embeddings": 8}, "original_max_position_embeddings": 9}"#:
            #""original_max_position_embeddings" is 8: it differs from the 9 outside"#,
        #"{"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}"#:
            #""original_max_position_embeddings" is missing"#,
        #"{"rope_scaling": {"type": "linear", "factor": -2.0}}"#: "the rotary factor -2.0 is not positive",
        #"{"rope_scaling": {"type": "linear"}}"#: "the rotary factor nan is not positive",
        #"{"rope_scaling": {"type": "longrope", "short_factor": [1], "long_factor": [1, 2, 3]}}"#:
            "1 rotary factors for 3 pairs of components",
        #"{"rope_scaling": {"type": "longrope", "short_factor": 1}}"#: "a list of numbers is expected",
        #"{"rope_scaling": "yarn"}"#: #""rope_scaling" is "yarn": an object is expected"#,
        #"{"rope_parameters": {"rope_type": "default", "factor": 2}}"#: "factor is not supported",
        #"{"rope_parameters": {"partial_rotary_factor": 0.5}}"#:
            "only a partial_rotary_factor of 1 is supported in llama models",
        #"{"rope_parameters": {"rope_theta": "big"}}"#: "a number is expected",
        #"{"rope_theta": 777}"#: "its rope_theta differs from the 777.0 beside it",
        #"{"rope_theta": -1, "rope_parameters": null}"#: "rotary base -1.0 is not positive",
        #"{"rms_norm_eps": 0}"#: "norm epsilon 0.0 is not positive",
        #"{"rms_norm_eps": true}"#: #""rms_norm_eps" is true: a number is expected"#,
        #"{"tie_word_embeddings": "no"}"#: #""tie_word_embeddings" is "no": true or false is expected"#,
        #"{"hidden_size": null}"#: #""hidden_size" is missing: a whole number is expected"#,
        #"{"hidden_size": "16"}"#: #""hidden_size" is "16": a whole number is expected"#,
        #"{"hidden_size": 16.5}"#: #""hidden_size" is 16.5: a whole number is expected"#,
        #"{"hidden_size": 1e30}"#: #""hidden_size" is 1e+30: a whole number is expected"#,
        #"{"hidden_size": -16}"#: "width -16 is not positive",
        #"{"num_hidden_layers": 0}"#: "layers 0 is not positive",
        #"{"num_hidden_layers": 99999999}"#: "layers 99999999 is above 2^24",
        #"{"num_hidden_layers": 10000000}"#: "config.json has 10000000 layers, but there are only 21 tensors",
        #"{"num_attention_heads": 3, "num_key_value_heads": 2}"#:
            "3 heads cannot share 2 key-value heads evenly",
        #"{"num_attention_heads": 0}"#: "heads 0 is not positive",
        #"{"head_dim": 5}"#: "head dimension 5 is odd",
        #"{"vocab_size": 65}"#: "lm_head.weight is [64, 16], not [65, 16]",
        #"{"eos_token_id": "2"}"#: #""eos_token_id" is "2": a token id, or a list of them, is expected"#,
        #"{"eos_token_id": [2, -7]}"#: #""eos_token_id" is [2,-7]: a token id"#,
        #"{"bos_token_id": 64}"#: #""bos_token_id" 64 is outside the vocabulary of 64"#,
    ]

    @Test(arguments: refused.sorted { $0.key < $1.key })
    func isRefused(changes: String, message: String) throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            try copy.edit(changes)
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            #expect(error.description.contains(message))
            #expect(error.file?.hasPrefix(copy.url.path) == true)
            #expect(error.status == .dataFormat)
        }
    }

    /// Faults found, line 10: what a phi3 configuration says of partial rotary embedding is followed or refused.
    @Test(arguments: [
        (#"{"partial_rotary_factor": 0.5}"#, "its partial_rotary_factor differs from the 0.5 beside it"),
        (#"{"partial_rotary_factor": 0}"#, "a partial_rotary_factor above 0 and up to 1 is expected"),
        (
            #"{"partial_rotary_factor": "half"}"#,
            #""partial_rotary_factor" is "half": a partial_rotary_factor above 0 and up to 1"#
        ),
        (#"{"partial_rotary_factor": 0.8, "rope_parameters": null}"#, "3 turned components of a head with 4"),
        (#"{"partial_rotary_factor": 0.1, "rope_parameters": null}"#, "0 turned components of a head with 4"),
    ]) func partialRotaryIsFollowedOrRefused(changes: String, message: String) throws {
        try withTemporaryDirectory { directory in
            let url = directory.appending(path: "phi3")
            try FileManager.default.copyItem(at: golden("families/phi3"), to: url)
            try CheckpointDirectory(at: url).edit(changes)
            let error = try userError { _ = try Checkpoint.load(url) }
            #expect(error.description.contains(message))
        }
    }

    /// Keys by which transformers 5.24 computes other numbers, each with a value that no golden has.
    private static let common = [
        #"{"hidden_size": 10}"#, #"{"intermediate_size": 12}"#, #"{"num_attention_heads": 6}"#,
        #"{"num_hidden_layers": 1}"#, #"{"num_key_value_heads": 3}"#, #"{"head_dim": 10}"#,
        #"{"max_position_embeddings": 99}"#, #"{"rms_norm_eps": 0.25}"#, #"{"vocab_size": 23}"#,
        #"{"partial_rotary_factor": 0.5}"#, #"{"rope_theta": 77, "rope_parameters": null}"#,
        #"{"quantization_config": {}}"#,
    ]
    private static let own: [String: [String]] = [
        "llama-linear": [#"{"hidden_act": "relu"}"#, #"{"attention_bias": true}"#, #"{"mlp_bias": true}"#],
        "mistral": [#"{"hidden_act": "relu"}"#, #"{"sliding_window": 3}"#, #"{"sliding_window": null}"#],
        "phi3": [#"{"hidden_act": "relu"}"#, #"{"sliding_window": 3}"#, #"{"sliding_window": null}"#],
        "gemma": [
            #"{"hidden_act": "relu"}"#, #"{"hidden_activation": "relu"}"#, #"{"attention_bias": true}"#,
            #"{"use_bidirectional_attention": true}"#,
        ],
        "smollm3": [
            #"{"hidden_act": "relu"}"#, #"{"attention_bias": true}"#, #"{"mlp_bias": true}"#,
            #"{"no_rope_layers": [0, 1, 1, 1, 0]}"#, #"{"no_rope_layers": [1, 1]}"#,
            #"{"no_rope_layers": null, "no_rope_layer_interval": 2}"#, #"{"no_rope_layers": "all"}"#,
            #"{"no_rope_layers": null, "no_rope_layer_interval": 0}"#, #"{"sliding_window": 4}"#,
        ],
        "qwen2-window": [
            #"{"hidden_act": "relu"}"#, #"{"sliding_window": 3}"#, #"{"use_sliding_window": false}"#,
            #"{"layer_types": null, "max_window_layers": 2}"#, #"{"sliding_window": null}"#,
        ],
        "qwen3": [#"{"hidden_act": "relu"}"#, #"{"attention_bias": true}"#],
        "qwen3-yarn": yarn, "llama-yarn": yarn,
        "olmo2": [#"{"hidden_act": "relu"}"#, #"{"attention_bias": true}"#, #"{"sliding_window": 4}"#],
        "granite": [
            #"{"hidden_act": "relu"}"#, #"{"attention_bias": true}"#, #"{"mlp_bias": true}"#,
            #"{"embedding_multiplier": 2}"#, #"{"attention_multiplier": 2}"#, #"{"residual_multiplier": 2}"#,
            #"{"logits_scaling": 2}"#,
        ],
        "mixtral": [
            #"{"hidden_act": "relu"}"#, #"{"sliding_window": 3}"#, #"{"num_local_experts": 3}"#,
            #"{"num_experts_per_tok": 1}"#,
        ],
        "qwen3moe": [
            #"{"hidden_act": "relu"}"#, #"{"attention_bias": true}"#, #"{"num_local_experts": 3}"#,
            #"{"num_experts_per_tok": 1}"#, #"{"norm_topk_prob": false}"#, #"{"moe_intermediate_size": 5}"#,
            #"{"use_sliding_window": true, "sliding_window": 4}"#, #"{"decoder_sparse_step": 2}"#,
            #"{"mlp_only_layers": [1]}"#,
        ],
        "olmoe": [
            #"{"hidden_act": "relu"}"#, #"{"attention_bias": true}"#, #"{"num_experts": 3}"#,
            #"{"num_experts_per_tok": 1}"#, #"{"norm_topk_prob": true}"#, #"{"clip_qkv": 8.0}"#,
        ],
        "gpt2": [
            #"{"n_embd": 10}"#, #"{"n_inner": 12}"#, #"{"n_head": 4}"#, #"{"n_layer": 1}"#,
            #"{"n_positions": 99}"#, #"{"layer_norm_epsilon": 0.25}"#, #"{"vocab_size": 23}"#,
            #"{"activation_function": "relu"}"#, #"{"scale_attn_weights": false}"#,
            #"{"scale_attn_by_inverse_layer_idx": true}"#, #"{"add_cross_attention": true}"#,
            #"{"tie_word_embeddings": false}"#, #"{"quantization_config": {}}"#,
        ],
        "neox": [
            #"{"hidden_size": 10}"#, #"{"intermediate_size": 12}"#, #"{"num_attention_heads": 4}"#,
            #"{"num_hidden_layers": 1}"#, #"{"max_position_embeddings": 99}"#, #"{"layer_norm_eps": 0.25}"#,
            #"{"vocab_size": 23}"#, #"{"hidden_act": "relu"}"#, #"{"use_parallel_residual": false}"#,
            #"{"attention_bias": false}"#, #"{"rotary_pct": 1.0}"#, #"{"rope_parameters": null}"#,
            #"{"rotary_emb_base": 77, "rotary_pct": 0.5, "rope_parameters": null}"#,
            #"{"quantization_config": {}}"#,
        ],
        "gemma2": gemma, "gemma3": gemma + [#"{"rope_local_base_freq": 5, "rope_parameters": null}"#],
    ]
    private static let gemma = [
        #"{"hidden_activation": "relu"}"#, #"{"attention_bias": true}"#, #"{"sliding_window": 3}"#,
        #"{"use_bidirectional_attention": true}"#, #"{"attn_logit_softcapping": 7}"#,
        #"{"final_logit_softcapping": 7}"#, #"{"query_pre_attn_scalar": 9}"#, #"{"layer_types": ["x"]}"#,
        #"{"layer_types": null, "_sliding_window_pattern": 1}"#,
        #"{"layer_types": null, "sliding_window_pattern": 1}"#,
    ]

    private static let yarn = [
        #"{"factor": 5.0}"#, #"{"original_max_position_embeddings": 20}"#, #"{"attention_factor": 1.5}"#,
        #"{"beta_fast": 20}"#, #"{"beta_slow": 2}"#, #"{"mscale": 0.7, "mscale_all_dim": 0.9}"#,
        #"{"truncate": true, "beta_fast": 31}"#,
    ].map { change in
        let base = #"{"rope_type": "yarn", "rope_theta": 300.0, "factor": 4.0, "truncate": false"#
        return #"{"rope_parameters": \#(base), \#(change.dropFirst())}"#
    }

    /// Faults found, line 10: no key that changes the numbers is passed over.
    @Test(arguments: own.keys.sorted())
    func everyKeyThatCountsIsFollowedOrRefused(family: String) throws {
        try withTemporaryDirectory { directory in
            let original = golden("families/\(family)")
            let shape = try Checkpoint.configuration(at: original)
            // Two families call the common keys otherwise, and the width of Qwen 3's experts is another key than that of
            // layers without experts, which it has none of.
            let common = Self.common.filter {
                !["gpt2", "neox"].contains(family)
                    && !(family == "qwen3moe" && $0.contains("\"intermediate_size"))
            }
            for change in try common + #require(Self.own[family]) {
                let copy = CheckpointDirectory(at: directory.appending(path: "copy"))
                try FileManager.default.copyItem(at: original, to: copy.url)
                try copy.edit(change)
                let changed = try? Checkpoint.configuration(at: copy.url)
                #expect(changed != shape, "\(change) is passed over")
                try FileManager.default.removeItem(at: copy.url)
            }
        }
    }

    /// The first layers have no window, by a number or by a list.
    @Test func layersWithAWindowAreCountedOrListed() throws {
        try withTemporaryDirectory { directory in
            let original = golden("families/qwen2-window")
            let copy = CheckpointDirectory(at: directory.appending(path: "copy"))
            try FileManager.default.copyItem(at: original, to: copy.url)
            try copy.edit(removing: ["layer_types"])
            let shape = try Checkpoint.configuration(at: copy.url)
            #expect(shape.slidingWindow?.layers == [1, 2])
            #expect(try Checkpoint.configuration(at: original) == shape)
            // Qwen 2.5's files, which give a size that is not in use.
            try copy.edit(#"{"use_sliding_window": false}"#)
            #expect(try Checkpoint.configuration(at: copy.url).slidingWindow == nil)
            try copy.edit(#"{"layer_types": ["full_attention", "sliding_attention", "full_attention"]}"#)
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            #expect(error.description.contains("the model has no sliding window"))
        }
    }

    @Test func aNullOfKeyValueHeadsIsAsManyAsHeads() throws {
        try withTemporaryDirectory { directory in
            let copy = CheckpointDirectory(at: directory.appending(path: "copy"))
            try FileManager.default.copyItem(at: golden("families/qwen2"), to: copy.url)
            try copy.edit(#"{"num_key_value_heads": null}"#)
            #expect(try Checkpoint.configuration(at: copy.url).keyValueHeads == 2)
            try copy.edit(removing: ["num_key_value_heads"])
            #expect(
                try userError { _ = try Checkpoint.load(copy.url) }.problem.contains(
                    "2 heads cannot share 32 key-value heads"))
        }
    }

    /// Biases of queries, keys and values are Qwen 2's own, whatever a key says that transformers does not read.
    @Test func attentionBiasIsNoKeyOfQwen2() throws {
        try withTemporaryDirectory { directory in
            let copy = CheckpointDirectory(at: directory.appending(path: "copy"))
            try FileManager.default.copyItem(at: golden("families/qwen2"), to: copy.url)
            let shape = try Checkpoint.configuration(at: copy.url)
            #expect(shape.hasQueryKeyValueBias && !shape.hasAttentionBias)
            for value in ["true", "false"] {
                try copy.edit(#"{"attention_bias": \#(value)}"#)
                #expect(try Checkpoint.load(copy.url).decoder.configuration == shape)
            }
        }
    }

    @Test func allFaultsAreListedTogether() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            try copy.edit(#"{"hidden_act": "gelu", "mlp_bias": true, "vocab_size": "64"}"#)
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            for key in ["hidden_act", "mlp_bias", "vocab_size"] {
                #expect(error.problem.contains("\"\(key)\" is "))
            }
        }
    }

    @Test func olderSpellingsAndDefaultsAreFollowed() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-tied", in: directory)
            try copy.edit(
                #"{"rope_theta": 500000, "rope_scaling": null, "sliding_window": null, "pad_token_id": -1, "#
                    + #""unheard_of": {"a": [1]}}"#,
                removing: [
                    "rope_parameters", "architectures", "hidden_act", "attention_bias", "head_dim",
                    "rms_norm_eps", "max_position_embeddings",
                ])
            try FileManager.default.removeItem(at: copy.file("generation_config.json"))
            let checkpoint = try Checkpoint.load(copy.url)
            let shape = checkpoint.decoder.configuration
            #expect(shape.ropeTheta == 500_000)
            #expect(shape.headDimension == 4)
            #expect(shape.normEpsilon == 1e-6)
            #expect(shape.contextLength == 2048)
            #expect(checkpoint.tokens == SpecialTokens(begin: 1, ends: [2]))
        }
    }

    @Test func badGenerationFilesAreNamed() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            try copy.edit(#"{"eos_token_id": [2, 64]}"#, in: "generation_config.json")
            let error = try userError { _ = try Checkpoint.load(copy.url) }
            #expect(error.problem == "\"eos_token_id\" 64 is outside the vocabulary of 64")
            #expect(error.file == copy.file("generation_config.json").path)
        }
    }

    /// Random damage to the text: the model loads, or a `UserError` says why not.
    @Test func randomDamageIsHandled() throws {
        try withTemporaryDirectory { directory in
            let copy = try CheckpointDirectory("llama-untied", in: directory)
            let content = try Data(contentsOf: copy.file("config.json"))
            var random = RandomStream(seed: 6, purpose: "damage")
            var loaded = 0
            for _ in 0..<1500 {
                var damaged = content
                for _ in 0...random.nextIndex(below: 3) {
                    let place = random.nextIndex(below: damaged.count)
                    switch random.nextIndex(below: 3) {
                    case 0: damaged[place] = UInt8(truncatingIfNeeded: random.next())
                    case 1: damaged.remove(at: place)
                    default: damaged.insert(contentsOf: "0", at: place)
                    }
                }
                try damaged.write(to: copy.file("config.json"))
                do {
                    _ = try Checkpoint.load(copy.url)
                    loaded += 1
                } catch is UserError {}
            }
            #expect(loaded < 1500)
        }
    }
}

extension Data {
    fileprivate mutating func insert(contentsOf text: String, at place: Int) {
        insert(contentsOf: Array(text.utf8), at: place)
    }
}
