import Foundation
import Support
import Transformer

/// Parts of `config.json` that not every family has.
extension ModelConfiguration {
    /// Key-value heads and the width of a head, where the family has a choice.
    static func readHeads(
        _ keys: inout KeyReader, _ shape: inout Configuration, _ defaults: HuggingFaceFamily.Defaults
    ) {
        let heads = shape.heads
        let divided = heads > 0 ? shape.width / heads : 0
        guard shape.family.hasFreeHeads else {
            (shape.keyValueHeads, shape.headDimension) = (heads, divided)
            return
        }
        // Null is as many as heads, whatever the default is.
        shape.keyValueHeads = keys.integer(
            "num_key_value_heads",
            default: keys.isNull("num_key_value_heads") ? heads : defaults.keyValueHeads ?? heads)
        shape.headDimension = keys.integer("head_dim", default: defaults.headDimension ?? divided)
    }

    /// Rotary embedding, in families that have it.
    /// - Returns: the base of layers with a sliding window, where the family gives them their own
    static func readPositions(
        _ keys: inout KeyReader, _ shape: inout Configuration, _ family: HuggingFaceFamily
    ) -> Double? {
        guard shape.family.positions == .rotary else { return nil }
        let rope = RopeKeys(&keys, shape, family)
        shape.ropeTheta = rope.theta
        shape.ropeScaling = rope.scaling
        shape.rotaryDimension = rope.rotaryDimension(of: shape.headDimension)
        shape.layersWithoutRope = RopeKeys.layersWithout(&keys, shape.layers, every: family.withoutRopeEvery)
        return rope.windowedTheta
    }

    /// Multipliers, parallel residuals and experts.
    static func readChoices(
        _ keys: inout KeyReader, _ shape: inout Configuration, _ family: HuggingFaceFamily
    ) {
        let choices = shape.family.choices
        if choices.contains(.multipliers) {
            let multipliers = Multipliers(
                embedding: keys.number("embedding_multiplier", default: 1),
                residual: keys.number("residual_multiplier", default: 1),
                logitDivisor: keys.number("logits_scaling", default: 1))
            shape.multipliers = multipliers == Multipliers() ? nil : multipliers
            let attention = keys.number("attention_multiplier", default: 1)
            // It is used and written as a Float.
            if !(Float(attention) > 0 && Float(attention).isFinite) {
                keys.reject("attention_multiplier", "a positive number is expected")
            }
            shape.queryScalar = pow(attention, -2)
        }
        if choices.contains(.parallelResidual), keys.boolean("use_parallel_residual", default: true) {
            shape.parallelResidual = true
        }
        if let experts = family.experts {
            shape.experts = Experts(
                count: count(of: experts, &keys),
                perToken: keys.integer("num_experts_per_tok", default: experts.perToken),
                normalizesWeights: experts.normalizesWeights.map {
                    keys.boolean("norm_topk_prob", default: $0)
                } ?? true)
        }
    }

    /// The number of experts; two keys must not contradict each other.
    private static func count(of experts: HuggingFaceFamily.ExpertKeys, _ keys: inout KeyReader) -> Int {
        let given = experts.count.filter { keys[$0] != nil }
        let counts = given.map { keys.integer($0) }
        if let first = counts.first, counts.contains(where: { $0 != first }) {
            keys.reject(given[1], "it differs from \(given[0])")
        }
        return counts.first ?? experts.standardCount
    }

    /// The keys of these parts, as they are written.
    var partKeys: [String: JSONValue] {
        var keys: [String: JSONValue] = [:]
        if shape.family.hasFreeHeads {
            keys["num_key_value_heads"] = .integer(shape.keyValueHeads)
            keys["head_dim"] = .integer(shape.headDimension)
        }
        if shape.family.choices.contains(.multipliers) {
            let multipliers = shape.multipliers ?? Multipliers()
            keys["embedding_multiplier"] = .number(multipliers.embedding)
            keys["residual_multiplier"] = .number(multipliers.residual)
            keys["logits_scaling"] = .number(multipliers.logitDivisor)
            let scalar = shape.queryScalar ?? Double(shape.headDimension)
            keys["attention_multiplier"] = Self.number(Float(pow(scalar, -0.5)))
        }
        if shape.family.choices.contains(.parallelResidual) {
            keys["use_parallel_residual"] = .boolean(shape.parallelResidual == true)
        }
        if let experts = shape.experts, let names = family.experts {
            keys[names.count[0]] = .integer(experts.count)
            keys["num_experts_per_tok"] = .integer(experts.perToken)
            if names.normalizesWeights != nil {
                keys["norm_topk_prob"] = .boolean(experts.normalizesWeights)
            }
        }
        return keys
    }
}
