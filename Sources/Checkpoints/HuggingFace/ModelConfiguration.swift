import Foundation
import Support
import Transformer

/// `config.json` of the families we have, as transformers reads and writes it.
///
/// transformers looks at a family's own keys and no others, so other keys are of no consequence. What would change the
/// arithmetic in a way we do not follow is refused, never passed over.
struct ModelConfiguration {
    let shape: Configuration
    let tokens: SpecialTokens
    /// How the family's files are written.
    let family: HuggingFaceFamily
    /// Whether this is the text part of a multimodal model, whose vision part is left out.
    let isMultimodal: Bool

    init(shape: Configuration, tokens: SpecialTokens, family: HuggingFaceFamily) {
        isMultimodal = false
        self.family = family
        self.shape = shape
        self.tokens = tokens
    }

    /// - Parameter fileName: How messages name the file.
    /// - Throws: `UserError` that lists every key at fault.
    init(_ object: [String: JSONValue], fileName: String, families: FamilyRegistry) throws {
        let object = try Self.textPart(of: object, fileName: fileName, families) ?? object
        var keys = KeyReader(object)
        isMultimodal = object[Self.wrapper] != nil
        guard case .string(let type)? = keys["model_type"], let descriptor = families.named(modelType: type)
        else {
            let known = families.descriptors.map(\.huggingFace.modelType).sorted().joined(separator: ", ")
            let reason = Self.reason(for: keys["model_type"])
            throw UserError(
                "\"model_type\" is \(keys["model_type"]?.text ?? "missing")\(reason)", file: fileName,
                hint: "the types that are supported: \(known)")
        }
        family = descriptor.huggingFace
        keys = KeyReader(object, spellings: family.keys)
        let defaults = family.defaults
        Self.refuseUnsupported(&keys, family)
        // The configuration of a multimodal model leaves its text part's defaults out.
        let standard = isMultimodal ? family.multimodal : nil
        let heads = keys.integer("num_attention_heads", default: standard?.heads)
        let width = keys.integer("hidden_size", default: standard?.width)
        let layers = keys.integer("num_hidden_layers", default: standard?.layers)
        var shape = Configuration(
            family: descriptor.family,
            vocabularySize: keys.integer("vocab_size", default: standard?.vocabulary),
            width: width, layers: layers,
            // Read below; here so that nothing is divided by 0 heads.
            heads: heads, headDimension: 0,
            feedForward: keys.integer(
                "intermediate_size",
                default: standard?.feedForward
                    ?? defaults.feedForwardFactor.map { $0 * max(0, min(width, 1 << 24)) }),
            normEpsilon: Float(keys.number("rms_norm_eps", default: defaults.normEpsilon)),
            tiedHead: keys.boolean("tie_word_embeddings", default: defaults.tiedHead),
            contextLength: keys.integer("max_position_embeddings", default: defaults.contextLength))
        Self.readHeads(&keys, &shape, defaults)
        let windowedTheta = Self.readPositions(&keys, &shape, family)
        // transformers does not read the key in families that have no choice.
        if shape.family.biases == .chosen, keys.boolean("attention_bias", default: false) {
            shape.attentionBias = true
        }
        Self.readChoices(&keys, &shape, family)
        shape.slidingWindow = SlidingWindow(&keys, shape, family.window, ownTheta: windowedTheta)
        if let scores = family.scores {
            shape.queryScalar = keys.number("query_pre_attn_scalar", default: scores.queryScalar)
            shape.attentionSoftCap = keys.optionalNumber(
                "attn_logit_softcapping", default: scores.attentionSoftCap
            ).map(Float.init)
            shape.logitSoftCap = keys.optionalNumber(
                "final_logit_softcapping", default: scores.logitSoftCap
            ).map(Float.init)
        }
        self.shape = shape
        tokens = SpecialTokens(&keys)
        var problems = keys.problems
        if problems.isEmpty { problems = shape.problems + tokens.problems(in: shape.vocabularySize) }
        guard problems.isEmpty else {
            throw UserError(problems.joined(separator: "; "), file: fileName)
        }
    }

    /// Why models of a type are refused, as the end of a message.
    private static func reason(for type: JSONValue?) -> String {
        guard case .string(let name)? = type else { return "" }
        return UnsupportedFamilies.reason(for: name).map { ": " + $0 } ?? ""
    }

    /// Marks the text part of a multimodal configuration; no key of a file has this name.
    private static let wrapper = "(multimodal)"

    /// The `text_config` of a multimodal class, with the special tokens and `tie_word_embeddings` of the outer object.
    /// - Returns: nil for a text model
    private static func textPart(
        of object: [String: JSONValue], fileName: String, _ families: FamilyRegistry
    ) throws -> [String: JSONValue]? {
        guard case .string(let type)? = object["model_type"],
            let family = families.multimodal(modelType: type)?.huggingFace, let whole = family.multimodal
        else { return nil }
        guard case .object(var text)? = object["text_config"] else {
            throw UserError("\"text_config\" is missing, or no object", file: fileName)
        }
        var outer = KeyReader(object)
        outer.demand("architectures", .array([.string(whole.architecture)]))
        guard outer.problems.isEmpty else {
            throw UserError(outer.problems.joined(separator: "; "), file: fileName)
        }
        for key in [
            "bos_token_id", "eos_token_id", "pad_token_id", "tie_word_embeddings", "quantization_config",
        ] {
            if let value = object[key] { text[key] = value }
        }
        text["architectures"] = nil
        text["model_type"] = text["model_type"] ?? .string(family.modelType)
        text[wrapper] = .boolean(true)
        return text
    }

    private static func refuseUnsupported(_ keys: inout KeyReader, _ family: HuggingFaceFamily) {
        keys.demand("architectures", .array([.string(family.architecture)]))
        for (key, value) in family.fixed.sorted(by: { $0.key < $1.key }) { keys.demand(key, value) }
        for activation in family.activations {
            keys.demand(activation.key, activation.values.map { .string($0) })
        }
        for key in ["mlp_bias", "use_bidirectional_attention"] { keys.demand(key, .boolean(false)) }
        let refused =
            ["quantization_config"] + (family.ignoresAutoMap ? [] : ["auto_map"])
            // Of no consequence where use_sliding_window is there and false.
            + (family.window == nil && family.fixed["use_sliding_window"] == nil ? ["sliding_window"] : [])
        for key in refused where keys[key] != nil { keys.reject(key, "this is not supported") }
    }
}
