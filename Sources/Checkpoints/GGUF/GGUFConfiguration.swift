import Foundation
import Support
import Tensors
import Transformer

/// The shape of a model and its special tokens, from a GGUF file's metadata.
struct GGUFConfiguration {
    /// With as many pieces as the vocabulary has.
    let shape: Configuration
    let tokens: SpecialTokens
    /// Rows of the embedding table, the last of which may belong to no piece.
    let rows: Int

    /// How the family's files are read.
    let family: GGUFFamily

    /// - Throws: `UserError` that lists every key at fault.
    init(_ file: GGUFFile, families: FamilyRegistry) throws {
        guard case .string(let architecture)? = file.metadata["general.architecture"],
            let descriptor = families.named(
                architecture: architecture, hasExperts: GGUFExperts.count(in: file, architecture) > 0)
        else {
            var problem =
                "\"general.architecture\" is \(file.metadata["general.architecture"]?.text ?? "missing")"
            if case .string(let name)? = file.metadata["general.architecture"],
                let reason = UnsupportedFamilies.reason(for: name)
            {
                problem += ": " + reason
            }
            throw file.error(
                problem,
                hint: "the architectures that are supported: "
                    + Set(families.descriptors.compactMap(\.gguf.architecture)).sorted().joined(
                        separator: ", "))
        }
        var keys = GGUFKeys(file, architecture: architecture)
        family = descriptor.gguf
        Self.refuseUnsupported(&keys, descriptor)
        guard let table = file.tensors["token_embd.weight"], table.shape.count == 2 else {
            throw file.error("there is no tensor \"token_embd.weight\" of two dimensions")
        }
        rows = table.shape[0]
        let (heads, width) = (keys.integer(".attention.head_count"), keys.integer(".embedding_length"))
        let dimension = keys.optionalInteger(".attention.key_length") ?? (heads > 0 ? width / heads : 0)
        var shape = Configuration(
            family: descriptor.family,
            vocabularySize: rows - GGUFTokenizer.paddingPieces(of: file, rows: rows),
            width: width,
            layers: keys.integer(".block_count"),
            heads: heads, keyValueHeads: keys.optionalInteger(".attention.head_count_kv") ?? heads,
            headDimension: dimension,
            feedForward: keys.integer(GGUFExperts.widthKey(family)),
            ropeTheta: keys.optionalNumber(".rope.freq_base") ?? 10_000,
            normEpsilon: Float(keys.optionalNumber(Self.epsilonKey(descriptor.family)) ?? 1e-6),
            tiedHead: file.tensors["output.weight"] == nil, contextLength: keys.integer(".context_length"))
        if (keys.optionalInteger(".attention.value_length") ?? dimension) != dimension {
            keys.reject(".attention.value_length", "only the key length \(dimension) is supported")
        }
        let biases = ["blk.0.attn_q.bias", "blk.0.attn_output.bias"]
        if shape.family.biases == .chosen, biases.contains(where: { file.tensors[$0] != nil }) {
            shape.attentionBias = true
        }
        try Self.readPositions(&keys, &shape, family, file)
        Self.readAttention(&keys, &shape, family)
        Self.readChoices(&keys, &shape, family)
        tokens = Self.tokens(&keys)
        self.shape = shape
        var problems = keys.problems
        if problems.isEmpty { problems = shape.problems + tokens.problems(in: shape.vocabularySize) }
        guard problems.isEmpty else { throw file.error(problems.joined(separator: "; ")) }
    }

    /// Keys that llama.cpp knows, that change the numbers and that no family here has, with the value at which they change
    /// nothing.
    private static let neutral: [(key: String, value: Double)] = [
        (".attention.clamp_kqv", 0),
        (".attention.max_alibi_bias", 0), (".leading_dense_block_count", 0), (".expert_shared_count", 0),
        (".attention.temperature_length", 0), (".attention.temperature_scale", 0),
        (".rope.scaling.yarn_log_multiplier", 0), (".altup.num_inputs", 0),
    ]

    /// Keys that scale and bound scores, which not every family has.
    private static let scoreKeys = [
        ".attention.scale", ".attn_logit_softcapping", ".final_logit_softcapping", ".rope.freq_base_swa",
    ]

    /// Keys of multipliers, which not every family has.
    private static let multiplierKeys = [".logit_scale", ".embedding_scale", ".residual_scale"]

    /// The key of what norms add.
    static func epsilonKey(_ family: Family) -> String {
        family.norm == .rms ? ".attention.layer_norm_rms_epsilon" : ".attention.layer_norm_epsilon"
    }

    private static func refuseUnsupported(_ keys: inout GGUFKeys, _ descriptor: FamilyDescriptor) {
        for (key, value) in neutral where keys[key] != nil && keys.optionalNumber(key) != value {
            keys.reject(key, "only \(Int(value)), which changes nothing, is supported")
        }
        let multiplied = descriptor.family.choices.contains(.multipliers)
        if !multiplied {
            for key in multiplierKeys where keys[key] != nil && keys.optionalNumber(key) != 1 {
                keys.reject(key, "only 1, which changes nothing, is supported")
            }
        }
        // Granite files turn rotary embedding off with it; llama.cpp has no other use for the key.
        if multiplied, case .boolean(false)? = keys[".rope.scaling.finetuned"] {
            keys.reject(".rope.scaling.finetuned", "models without rotary embedding are not supported")
        }
        if descriptor.gguf.scores == nil {
            // llama.cpp passes over them in these architectures when they are 0.
            let known = multiplied ? [".attention.scale"] : []
            for key in scoreKeys
            where !known.contains(key) && keys[key] != nil && keys.optionalNumber(key) != 0 {
                keys.reject(key, "this is not supported in \(descriptor.family.name) models")
            }
        }
        if case .boolean(true)? = keys[".use_parallel_residual"],
            !descriptor.family.choices.contains(.parallelResidual)
        {
            keys.reject(".use_parallel_residual", "only sequential residuals are supported")
        }
        if descriptor.gguf.experts == nil, let experts = keys.optionalInteger(".expert_count"), experts > 0 {
            keys.reject(".expert_count", "mixtures of experts are not supported")
        }
        if case .boolean(false)? = keys[".attention.causal"] {
            keys.reject(".attention.causal", "only causal attention is supported")
        }
    }

    /// Windows, soft caps and the scale of scores.
    private static func readAttention(
        _ keys: inout GGUFKeys, _ shape: inout Configuration, _ family: GGUFFamily
    ) {
        let layers = 0..<max(0, min(shape.layers, 1 << 16))
        if let window = family.window {
            let size = keys.optionalInteger(".attention.sliding_window")
            if let size = size ?? window.size, size > 0 || window.size != nil {
                shape.slidingWindow = SlidingWindow(
                    size: size,
                    layers: window.fullAttentionEvery.map {
                        windowedLayers(&keys, layers, fullAttentionEvery: $0)
                    } ?? Array(layers),
                    ropeTheta: window.ropeTheta.map { keys.optionalNumber(".rope.freq_base_swa") ?? $0 })
            }
        }
        if let scores = family.scores {
            shape.attentionSoftCap =
                (keys.optionalNumber(".attn_logit_softcapping") ?? scores.attentionSoftCap).map(Float.init)
            shape.logitSoftCap =
                (keys.optionalNumber(".final_logit_softcapping") ?? scores.logitSoftCap).map(Float.init)
            let isLargest = shape.layers == scores.layersScaledByWidth
            let standard = Double(isLargest ? shape.width / max(shape.heads, 1) : shape.headDimension)
            shape.queryScalar = keys.optionalNumber(".attention.scale").map { pow($0, -2) } ?? standard
        }
    }

    /// The layers with a window: listed, or all but each last of so many.
    private static func windowedLayers(
        _ keys: inout GGUFKeys, _ layers: Range<Int>, fullAttentionEvery standard: Int
    ) -> [Int] {
        let key = ".attention.sliding_window_pattern"
        if case .array(let list)? = keys[key], list.type == .bool, list.count == layers.count {
            return layers.filter { list.bytes[list.bytes.startIndex + $0] != 0 }
        }
        let every = keys.optionalInteger(key) ?? standard
        return layers.filter { every <= 0 || ($0 + 1) % every != 0 }
    }

    private static func tokens(_ keys: inout GGUFKeys) -> SpecialTokens {
        func id(_ name: String) -> Int32? {
            keys.optionalInteger("tokenizer.ggml.\(name)_token_id").flatMap { Int32(exactly: $0) }
        }
        let ends = [id("eos"), id("eot"), id("eom")].compactMap { $0 }
        return SpecialTokens(
            begin: id("bos"), ends: ends.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
            padding: id("padding"))
    }
}
