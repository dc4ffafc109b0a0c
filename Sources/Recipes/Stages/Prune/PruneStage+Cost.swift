import Pruning
import Transformer

extension PruneStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let whole = estimator.configuration(of: model)
        let plan = settings.plan
        let tokens =
            (plan.measuresImportance ? PruningPlan.importanceTokens : 0)
            + (plan.vocabulary == nil ? 0 : PruningPlan.massTokens)
            + (plan.reconstructs ? PruningPlan.reconstructionTokens : 0)
        let passTokens = CostEstimator.passTokens
        return CostEstimate(
            seconds: 1
                + estimator.seconds(
                    Double(tokens) * (whole?.cost.forwardOperations ?? 0), rate: CostEstimator.labellingRate),
            // What is kept is taken as it is written, from weights that stay as they are stored.
            memoryBytes: estimator.computingBytes + estimator.stored(model) + estimator.pieces(whole)
                + (tokens > 0 ? estimator.pass(whole, passTokens) + estimator.logits(whole, passTokens) : 0)
                + reconstructionBytes(of: whole, estimator),
            diskBytes: storedBytes(ofOutput: 0, estimator)?.total ?? 0)
    }

    private func reconstructionBytes(of whole: Configuration?, _ estimator: CostEstimator) -> Double {
        guard settings.plan.reconstructs, let whole, let left = configuration(ofOutput: 0, estimator) else {
            return 0
        }
        return left.cost.reconstruction(from: whole.cost, tokens: Double(PruningPlan.reconstructionTokens))
    }

    func beginsAtRandom(ofOutput index: Int, _ estimator: CostEstimator) -> Bool {
        estimator.beginsAtRandom(model)
    }

    func storedBytes(ofOutput index: Int, _ estimator: CostEstimator) -> WeightBytes? {
        guard let left = configuration(ofOutput: index, estimator)?.cost else { return nil }
        switch precision {
        case .f32: return WeightBytes(left, bytesPerWeight: 4)
        case .bf16: return WeightBytes(left, bytesPerWeight: 2)
        case .stored:
            guard let whole = estimator.configuration(of: model)?.cost else { return nil }
            let file = estimator.storedParts(model)
            return WeightBytes(
                tables: file.tables * left.tableParameters / max(whole.tableParameters, 1),
                layers: file.layers * (left.parameters - left.tableParameters)
                    / max(whole.parameters - whole.tableParameters, 1))
        }
    }
}
