import Transformer

/// How GGUF files describe a family's models: the keys of the metadata, their defaults, and the names and order of weights.
struct GGUFFamily: Sendable {
    /// `general.architecture`; nil for a family that GGUF does not tell from another.
    var architecture: String?
    /// A shape of another family that computes the same; set where there is no architecture.
    var equivalent: (@Sendable (Configuration) -> Configuration)?
    /// Whether the two halves of each query and key head are stored interleaved: llama.cpp's rotary embedding of these
    /// architectures pairs neighbours.
    var interleavesHeads = false
    /// Whether queries, keys and values are written as one tensor. Both forms are read.
    var fusesQueryKeyValue = false
    /// Whether llama.cpp reads attention biases.
    var hasAttentionBiases = false
    /// Whether factors of frequencies that are the same for all lengths are written as `rope_freqs`.
    var writesFrequencyFactors = false
    /// Keys of sliding windows; nil where files have none.
    var window: Window?
    /// Mixtures of experts: how llama.cpp weighs the chosen ones; nil where there are none.
    var experts: ExpertWeights?
    /// Whether llama.cpp needs an output head of its own.
    var needsHead = false
    /// Whether llama.cpp takes the width over the heads for a head's.
    var dividesWidth = false
    /// Keys that scale and bound attention scores and logits; nil where they are refused.
    var scores: Scores?
    /// The last of so many layers has no rotary embedding, in all models; nil where all have.
    var withoutRopeEvery: Int?
    /// Names of weights that differ from `GGUFNames.common`, as there.
    var names: [String: [String]] = [:]

    /// The layers without rotary embedding.
    func layersWithoutRope(of layers: Int) -> [Int]? {
        withoutRopeEvery.map { every in (0..<layers).filter { ($0 + 1) % every == 0 } }
    }

    /// How the outputs of experts are weighed, for which files of these architectures have no key.
    struct ExpertWeights: Sendable {
        /// Whether the chosen experts' probabilities are divided by their sum.
        var areNormalized: Bool
        /// Whether an expert's width is `expert_feed_forward_length`, not `feed_forward_length`.
        var haveOwnWidth: Bool
    }

    /// `attention.sliding_window`, and which layers have it.
    struct Window: Sendable {
        /// Default of the size in positions; nil for no window.
        var size: Int?
        /// The last of so many layers has no window, unless the file lists layers; nil where all have one.
        var fullAttentionEvery: Int?
        /// Default of `rope.freq_base_swa`, the base of layers with a window; nil where they have the model's own.
        var ropeTheta: Double?
    }

    /// Defaults of `attention.scale`, `attn_logit_softcapping` and `final_logit_softcapping`.
    struct Scores: Sendable {
        var attentionSoftCap: Double?
        var logitSoftCap: Double?
        /// Scores are divided by the square root of the head dimension; in models with this many layers, the largest, by that of
        /// the width over the heads.
        var layersScaledByWidth: Int
    }
}
