import Support
import Transformer

extension RopeKeys {
    /// A scaling of the type `yarn`, and the keys that such may have.
    static func yarn(
        _ inner: inout KeyReader, _ keys: inout KeyReader, _ shape: Configuration
    ) -> (RopeScaling?, Set<String>) {
        let key = "original_max_position_embeddings"
        let outer = keys.integer(key, default: shape.contextLength)
        let original = inner.integer(key, default: outer)
        if keys[key] != nil, original != outer { inner.reject(key, "it differs from the \(outer) outside") }
        let factor = inner.number("factor", default: Double(shape.contextLength) / Double(max(original, 1)))
        let scaling = YaRNScaling(
            factor: factor, originalContext: original,
            attentionFactor: inner.number(
                "attention_factor", default: standardAttentionFactor(&inner, factor)),
            betaFast: inner.number("beta_fast", default: YaRNScaling.standardBetaFast),
            betaSlow: inner.number("beta_slow", default: YaRNScaling.standardBetaSlow),
            truncates: inner.boolean("truncate", default: true))
        return (
            .yarn(scaling),
            [
                "factor", "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim",
                "truncate",
                key,
            ]
        )
    }

    /// The paper's, or the quotient of two where both `mscale` and `mscale_all_dim` are given and not 0.
    private static func standardAttentionFactor(_ inner: inout KeyReader, _ factor: Double) -> Double {
        let scales = (inner.number("mscale", default: 0), inner.number("mscale_all_dim", default: 0))
        guard scales.0 != 0, scales.1 != 0 else { return YaRNScaling.attentionFactor(for: factor) }
        return YaRNScaling.attentionFactor(for: factor, scale: scales.0)
            / YaRNScaling.attentionFactor(for: factor, scale: scales.1)
    }

    /// What differs from the paper's choices is written, and what readers ask for.
    static func json(of yarn: YaRNScaling) -> [String: JSONValue] {
        var object: [String: JSONValue] = [
            "rope_type": .string("yarn"), "factor": .number(yarn.factor),
            "original_max_position_embeddings": .integer(yarn.originalContext),
        ]
        if yarn.attentionFactor != YaRNScaling.attentionFactor(for: yarn.factor) {
            object["attention_factor"] = .number(yarn.attentionFactor)
        }
        if yarn.betaFast != YaRNScaling.standardBetaFast { object["beta_fast"] = .number(yarn.betaFast) }
        if yarn.betaSlow != YaRNScaling.standardBetaSlow { object["beta_slow"] = .number(yarn.betaSlow) }
        if !yarn.truncates { object["truncate"] = .boolean(false) }
        return object
    }
}
