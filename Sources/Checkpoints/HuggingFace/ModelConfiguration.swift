import Foundation
import Support
import Transformer

/// `config.json` of the families we have, as transformers reads and writes it.
///
/// transformers looks at a family's own keys and no others, so other keys are of no consequence. What would change the
/// arithmetic in a way we do not follow is refused, never passed over.
struct ModelConfiguration: Equatable {
    var shape: Configuration
    var tokens: SpecialTokens
    /// Whether this is the text part of a multimodal model, whose vision part is left out.
    var isMultimodal = false

    init(shape: Configuration, tokens: SpecialTokens) {
        self.shape = shape
        self.tokens = tokens
    }

    /// - Parameter fileName: How messages name the file.
    /// - Throws: `UserError` that lists every key at fault.
    init(_ object: [String: JSONValue], fileName: String) throws {
        let object = try Self.textPart(of: object, fileName: fileName) ?? object
        var keys = KeyReader(object)
        isMultimodal = object[Self.wrapper] != nil
        guard case .string(let type)? = keys["model_type"], let family = Family(modelType: type) else {
            let known = Family.allCases.map { $0.modelType }.sorted().joined(separator: ", ")
            throw UserError(
                "\"model_type\" is \(keys["model_type"]?.text ?? "missing")", file: fileName,
                hint: "the types that are supported: \(known)")
        }
        let defaults = FamilyDefaults(family)
        Self.refuseUnsupported(&keys, family)
        // The configuration of a multimodal model leaves its text part's defaults out.
        let standard = isMultimodal ? TextDefaults.gemma3 : nil
        let heads = keys.integer("num_attention_heads", default: standard?.heads)
        let width = keys.integer("hidden_size", default: standard?.width)
        let layers = keys.integer("num_hidden_layers", default: standard?.layers)
        shape = Configuration(
            family: family, vocabularySize: keys.integer("vocab_size", default: standard?.vocabulary),
            width: width, layers: layers,
            heads: heads,
            keyValueHeads: keys.integer("num_key_value_heads", default: defaults.keyValueHeads ?? heads),
            headDimension: keys.integer(
                "head_dim", default: defaults.headDimension ?? (heads > 0 ? width / heads : 0)),
            feedForward: keys.integer("intermediate_size", default: standard?.feedForward),
            normEpsilon: Float(keys.number("rms_norm_eps", default: defaults.normEpsilon)),
            tiedHead: keys.boolean("tie_word_embeddings", default: family.isGemma),
            contextLength: keys.integer("max_position_embeddings", default: defaults.contextLength))
        let rope = RopeKeys(&keys, shape)
        shape.ropeTheta = rope.theta
        shape.ropeScaling = rope.scaling
        shape.rotaryDimension = rope.rotaryDimension(of: shape.headDimension)
        if keys.boolean("attention_bias", default: false) { shape.attentionBias = true }
        shape.slidingWindow = Self.slidingWindow(&keys, shape, defaults, ownTheta: rope.windowedTheta)
        if defaults.queryScalar != nil {
            shape.queryScalar = keys.number("query_pre_attn_scalar", default: 256)
            shape.attentionSoftCap = keys.optionalNumber(
                "attn_logit_softcapping", default: defaults.attentionSoftCap
            ).map(Float.init)
            shape.logitSoftCap = keys.optionalNumber(
                "final_logit_softcapping", default: defaults.logitSoftCap
            ).map(Float.init)
        }
        tokens = SpecialTokens(&keys)
        var problems = keys.problems
        if problems.isEmpty { problems = shape.problems + tokens.problems(in: shape.vocabularySize) }
        guard problems.isEmpty else {
            throw UserError(problems.joined(separator: "; "), file: fileName)
        }
    }

    /// Marks the text part of a multimodal configuration; no key of a file has this name.
    private static let wrapper = "(multimodal)"

    /// The `text_config` of Gemma 3's multimodal class, with the special tokens and the tie that stand outside of it.
    /// - Returns: nil for a text model
    private static func textPart(
        of object: [String: JSONValue], fileName: String
    ) throws -> [String: JSONValue]? {
        guard object["model_type"] == .string("gemma3") else { return nil }
        guard case .object(var text)? = object["text_config"] else {
            throw UserError("\"text_config\" is missing, or no object", file: fileName)
        }
        var outer = KeyReader(object)
        outer.demand("architectures", .array([.string("Gemma3ForConditionalGeneration")]))
        guard outer.problems.isEmpty else {
            throw UserError(outer.problems.joined(separator: "; "), file: fileName)
        }
        for key in [
            "bos_token_id", "eos_token_id", "pad_token_id", "tie_word_embeddings", "quantization_config",
        ] {
            if let value = object[key] { text[key] = value }
        }
        text["architectures"] = nil
        text["model_type"] = text["model_type"] ?? .string("gemma3_text")
        text[wrapper] = .boolean(true)
        return text
    }

    private static func refuseUnsupported(_ keys: inout KeyReader, _ family: Family) {
        keys.demand("architectures", .array([.string(family.architecture)]))
        switch family {
        case .llama, .mistral, .phi3: keys.demand("hidden_act", .string("silu"))
        case .gemma:
            // Before transformers knew the tanh form by name, "gelu" was written and the tanh form meant.
            keys.demand("hidden_act", .string("gelu_pytorch_tanh"), .string("gelu"))
            keys.demand("hidden_activation", .string("gelu_pytorch_tanh"))
        case .gemma2, .gemma3: keys.demand("hidden_activation", .string("gelu_pytorch_tanh"))
        }
        for key in ["mlp_bias", "use_bidirectional_attention"] { keys.demand(key, .boolean(false)) }
        let windowless = family == .llama || family == .gemma ? ["sliding_window"] : []
        for key in ["quantization_config", "auto_map"] + windowless where keys[key] != nil {
            // The classes that "auto_map" names came with Phi-3 before transformers had its own.
            if key == "auto_map", family == .phi3 { continue }
            keys.reject(key, "this is not supported")
        }
    }

    /// The window and the layers that have it: all, those `layer_types` lists, or those of the family's pattern.
    private static func slidingWindow(
        _ keys: inout KeyReader, _ shape: Configuration, _ defaults: FamilyDefaults, ownTheta: Double?
    ) -> SlidingWindow? {
        guard shape.family != .llama, shape.family != .gemma,
            let size = keys.optionalNumber("sliding_window", default: defaults.slidingWindow),
            // Checked again later; here lest a wild number of layers fill the memory.
            (1...1 << 16).contains(shape.layers)
        else { return nil }
        guard let window = Int(exactly: size) else {
            keys.reject("sliding_window", "a whole number is expected")
            return nil
        }
        var layers = Array(0..<shape.layers)
        if let pattern = defaults.fullAttentionEvery {
            let key =
                keys["sliding_window_pattern"] == nil ? "_sliding_window_pattern" : "sliding_window_pattern"
            let every = keys.integer(key, default: pattern)
            layers.removeAll { every > 0 && ($0 + 1) % every == 0 }
            if case .array(let types)? = keys["layer_types"] {
                guard types.count == shape.layers else {
                    keys.reject("layer_types", "\(shape.layers) names are expected")
                    return nil
                }
                layers = types.indices.filter { types[$0] == .string("sliding_attention") }
                if types.contains(where: {
                    $0 != .string("sliding_attention") && $0 != .string("full_attention")
                }) {
                    keys.reject("layer_types", "only sliding_attention and full_attention are supported")
                }
            }
        }
        return SlidingWindow(size: window, layers: layers, ropeTheta: ownTheta)
    }
}

/// What transformers takes for keys that a family's `config.json` does not have.
struct FamilyDefaults {
    var normEpsilon = 1e-6
    var contextLength = 2048
    var keyValueHeads: Int?
    var headDimension: Int?
    var slidingWindow: Double?
    /// Of so many layers the last has no window.
    var fullAttentionEvery: Int?
    var queryScalar: Double?
    var attentionSoftCap: Double?
    var logitSoftCap: Double?
    var ropeTheta = 10_000.0

    init(_ family: Family) {
        switch family {
        case .llama: break
        case .mistral:
            (contextLength, keyValueHeads, slidingWindow) = (131_072, 8, 4096)
        case .phi3:
            (contextLength, normEpsilon) = (4096, 1e-5)
        case .gemma:
            (contextLength, keyValueHeads, headDimension) = (8192, 16, 256)
        case .gemma2:
            (contextLength, keyValueHeads, headDimension) = (8192, 4, 256)
            (slidingWindow, fullAttentionEvery, queryScalar) = (4096, 2, 256)
            (attentionSoftCap, logitSoftCap) = (50, 30)
        case .gemma3:
            (contextLength, keyValueHeads, headDimension) = (131_072, 4, 256)
            (slidingWindow, fullAttentionEvery, queryScalar, ropeTheta) = (4096, 6, 256, 1_000_000)
        }
    }
}

/// What transformers takes for the sizes that a `text_config` does not have.
private struct TextDefaults {
    let vocabulary, width, feedForward, layers, heads: Int

    static let gemma3 = TextDefaults(
        vocabulary: 262_208, width: 2304, feedForward: 9216, layers: 26, heads: 8)
}

extension Family {
    /// What `model_type` calls the family.
    var modelType: String { self == .gemma3 ? "gemma3_text" : rawValue }

    init?(modelType: String) {
        guard let family = Self.allCases.first(where: { $0.modelType == modelType }) else { return nil }
        self = family
    }

    /// The class in transformers.
    var architecture: String {
        switch self {
        case .llama: "LlamaForCausalLM"
        case .mistral: "MistralForCausalLM"
        case .gemma: "GemmaForCausalLM"
        case .gemma2: "Gemma2ForCausalLM"
        case .gemma3: "Gemma3ForCausalLM"
        case .phi3: "Phi3ForCausalLM"
        }
    }
}
