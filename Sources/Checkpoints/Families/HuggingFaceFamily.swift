import Support
import Transformer

/// How transformers describes a family's models: the keys of `config.json`, their defaults, and the names of weights.
struct HuggingFaceFamily: Sendable {
    /// `model_type`.
    var modelType: String
    /// The class in `architectures`.
    var architecture: String
    /// The multimodal class whose text part is a model of this family, where there is one.
    var multimodal: Multimodal?
    /// The family's own spellings of keys, by the usual one.
    var keys: [String: String] = [:]
    /// Keys that change the arithmetic in ways that are not supported, with the only value that a file may have.
    var fixed: [String: JSONValue] = [:]
    /// The keys that name the activation; a file with another value is refused.
    var activations = [Activation(key: "hidden_act", values: ["silu"])]
    var defaults = Defaults()
    /// Keys of sliding windows; nil where a window is refused.
    var window: Window?
    /// Keys that scale and bound attention scores and logits; nil where files have none.
    var scores: Scores?
    /// Default of `rope_local_base_freq`, the base of layers with a window; nil where they have the model's own. Where it is set,
    /// `rope_parameters` holds an object for each kind of layer.
    var windowedRopeTheta: Double?
    /// Default of `no_rope_layer_interval`: the last of so many layers has no rotary embedding, unless `no_rope_layers` lists them;
    /// nil where all have.
    var withoutRopeEvery: Int?
    /// Names of rotary scalings that mean another in the family's files.
    var ropeTypeAliases: [String: String] = [:]
    /// Whether `auto_map`, which names classes that come with the weights, is passed over rather than refused.
    var ignoresAutoMap = false
    /// Keys of mixtures of experts; nil where there are none.
    var experts: ExpertKeys?
    /// What is added to the file's norms: 1 where files hold their distance from 1.
    var normOffset: Float = 0
    /// Names of weights that differ from `HuggingFaceNames.common`, as there.
    var names: [String: [String]] = [:]
    /// The names of weights that belong to no layer.
    var modules = Modules()
    /// Whether the tensor of queries, keys and values holds those of a head together.
    var groupsQueryKeyValueByHead = false
    /// Weights that are stored as [input, output], by our names within a layer.
    var transposed: Set<String> = []

    /// Names of the norms where outputs are normed too: the name that others give the feed-forward's norm means another there.
    static let outputNormNames = [
        "attentionOutputNorm.weight": ["post_attention_layernorm.weight"],
        "feedForwardNorm.weight": ["pre_feedforward_layernorm.weight"],
        "feedForwardOutputNorm.weight": ["post_feedforward_layernorm.weight"],
    ]

    /// A key of the activation.
    struct Activation: Sendable {
        var key: String
        /// The spellings that are accepted; the first is written.
        var values: [String]
    }

    /// What transformers takes for keys that a file does not have.
    struct Defaults: Sendable {
        var normEpsilon = 1e-6
        var contextLength = 2048
        /// nil for as many as heads.
        var keyValueHeads: Int?
        /// nil for the width over the heads.
        var headDimension: Int?
        var ropeTheta = 10_000.0
        var tiedHead = false
        /// The fraction of a head that is turned.
        var partialRotaryFactor = 1.0
        /// The feed-forward's width over the model's; nil where a file must have the width.
        var feedForwardFactor: Int?
    }

    /// Keys of a mixture of experts and their defaults.
    struct ExpertKeys: Sendable {
        /// The keys of the number of experts; the first is written.
        var count: [String]
        var standardCount: Int
        /// Default of `num_experts_per_tok`.
        var perToken: Int
        /// Default of `norm_topk_prob`; nil for a family that always normalizes and has no such key.
        var normalizesWeights: Bool?
    }

    /// `sliding_window`, and which layers have it.
    struct Window: Sendable {
        /// Default of the size in positions; nil for no window.
        var size: Double?
        /// The last of so many layers has no window, unless the file lists layers.
        var fullAttentionEvery: Int?
        /// Default of `max_window_layers`: so many first layers have no window, unless the file lists layers. Where it is set,
        /// there is a window only if `use_sliding_window` is true.
        var fullAttentionFirst: Int?

        /// Whether a model may have layers without the window.
        var isOfSomeLayers: Bool { fullAttentionEvery != nil || fullAttentionFirst != nil }
    }

    /// Defaults of `query_pre_attn_scalar`, `attn_logit_softcapping` and `final_logit_softcapping`.
    struct Scores: Sendable {
        var queryScalar: Double
        var attentionSoftCap: Double?
        var logitSoftCap: Double?
    }

    /// A class with a vision part, which is left out, and a text part under `text_config`.
    struct Multimodal: Sendable {
        var modelType: String
        var architecture: String
        /// What transformers takes for sizes that `text_config` does not have.
        var vocabulary: Int
        var width: Int
        var feedForward: Int
        var layers: Int
        var heads: Int
    }
}
