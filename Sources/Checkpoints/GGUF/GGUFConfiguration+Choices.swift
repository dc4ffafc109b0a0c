import Foundation
import Transformer

extension GGUFConfiguration {
    /// Multipliers, parallel residuals and experts.
    static func readChoices(
        _ keys: inout GGUFKeys, _ shape: inout Configuration, _ family: GGUFFamily
    ) {
        if shape.family.choices.contains(.multipliers) { readMultipliers(&keys, &shape) }
        if shape.family.choices.contains(.parallelResidual) {
            shape.parallelResidual = keys.boolean(".use_parallel_residual", default: true) ? true : nil
        }
        if let experts = family.experts {
            shape.experts = Experts(
                count: keys.integer(".expert_count"), perToken: keys.integer(".expert_used_count"),
                normalizesWeights: experts.areNormalized)
        }
    }

    /// llama.cpp takes 0 for no factor.
    private static func readMultipliers(_ keys: inout GGUFKeys, _ shape: inout Configuration) {
        func factor(_ key: String) -> Double? { keys.optionalNumber(key).flatMap { $0 == 0 ? nil : $0 } }
        let multipliers = Multipliers(
            embedding: factor(".embedding_scale") ?? 1, residual: factor(".residual_scale") ?? 1,
            logitDivisor: factor(".logit_scale") ?? 1)
        shape.multipliers = multipliers == Multipliers() ? nil : multipliers
        let scale = factor(".attention.scale")
        if let scale, scale < 0 { keys.reject(".attention.scale", "a positive number is expected") }
        shape.queryScalar = scale.map { pow($0, -2) } ?? Double(shape.headDimension)
    }
}
