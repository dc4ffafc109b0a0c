import Transformer

/// YaRN scaling as llama.cpp computes it in the architectures here: with the paper's `beta_fast` and `beta_slow`, rounded bounds, and
/// an attention factor that multiplies the paper's.
enum GGUFYaRN {
    private static let factor = ".rope.scaling.factor"

    /// - Parameters:
    ///   - originalContext: `rope.scaling.original_context_length`, or its default
    ///   - attention: `rope.scaling.attn_factor`, or its default
    static func scaling(_ keys: inout GGUFKeys, originalContext: Int, attention: Double) -> YaRNScaling {
        let factor = keys.optionalNumber(Self.factor) ?? .nan
        if factor.isNaN { keys.reject(Self.factor, "a number is expected") }
        let standard = YaRNScaling.attentionFactor(for: factor)
        // Keys of other architectures, which llama.cpp does not read in these.
        let fixed: [(key: String, values: [Double])] = [
            (".rope.scaling.yarn_beta_fast", [YaRNScaling.standardBetaFast]),
            (".rope.scaling.yarn_beta_slow", [YaRNScaling.standardBetaSlow]),
            (".rope.scaling.yarn_ext_factor", [1, -1]),
            (".rope.scaling.yarn_attn_factor", [1, Double(Float(standard))]),
        ]
        for (key, values) in fixed where keys[key] != nil {
            let value = keys.optionalNumber(key) ?? .nan
            if !values.contains(where: { abs($0 - value) < 1e-6 }) {
                keys.reject(key, "only \(values[0]) is supported")
            }
        }
        return YaRNScaling(
            factor: factor, originalContext: originalContext, attentionFactor: attention * standard)
    }

    /// Why the format cannot hold a scaling; nil if it can.
    static func problem(of yarn: YaRNScaling) -> String? {
        if yarn.betaFast != YaRNScaling.standardBetaFast {
            return "beta_fast is 32, but it is \(yarn.betaFast)"
        }
        if yarn.betaSlow != YaRNScaling.standardBetaSlow {
            return "beta_slow is 1, but it is \(yarn.betaSlow)"
        }
        return yarn.truncates ? nil : "bounds are truncated"
    }
}

extension GGUFWriter {
    /// - Parameter prefix: of the architecture's keys
    mutating func add(_ yarn: YaRNScaling, prefix: String) {
        add(prefix + "rope.scaling.type", "yarn")
        add(prefix + "rope.scaling.factor", yarn.factor)
        add(prefix + "rope.scaling.original_context_length", yarn.originalContext)
        let standard = YaRNScaling.attentionFactor(for: yarn.factor)
        if yarn.attentionFactor != standard {
            add(prefix + "rope.scaling.attn_factor", yarn.attentionFactor / standard)
        }
    }
}
