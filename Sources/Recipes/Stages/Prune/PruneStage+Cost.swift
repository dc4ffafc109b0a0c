import Pruning

extension PruneStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let whole = estimator.configuration(of: model)
        let plan = settings.plan
        let tokens =
            (plan.measuresImportance ? PruningPlan.importanceTokens : 0)
            + (plan.vocabulary == nil ? 0 : PruningPlan.massTokens)
        let passTokens = CostEstimator.passTokens
        return CostEstimate(
            seconds: 1
                + estimator.seconds(
                    Double(tokens) * (whole?.cost.forwardOperations ?? 0), rate: CostEstimator.labellingRate),
            // What is kept is taken as it is written, from weights that stay as they are stored.
            memoryBytes: estimator.computingBytes + estimator.stored(model)
                + (tokens > 0 ? estimator.pass(whole, passTokens) + estimator.logits(whole, passTokens) : 0),
            diskBytes: storedBytes(ofOutput: 0, estimator) ?? 0)
    }

    func storedBytes(ofOutput index: Int, _ estimator: CostEstimator) -> Double? {
        let kept = estimator.weights(configuration(ofOutput: index, estimator))
        switch precision {
        case .f32: return kept
        case .bf16: return kept / 2
        case .stored:
            let whole = estimator.weights(estimator.configuration(of: model))
            return whole > 0 ? kept * estimator.stored(model) / whole : kept
        }
    }
}
