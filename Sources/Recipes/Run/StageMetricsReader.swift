import Foundation
import Reports
import Support

/// Reads the metrics that a report shows, from the stages that made a model.
struct StageMetricsReader {
    let plan: Plan
    let directory: RunDirectory

    /// - Parameter evaluation: the stage that measured the model
    /// - Returns: nil if the report shows none; metrics that no stage of the model has are left out
    func metrics(of evaluation: StageInstance, in run: PlannedRun) -> [ModelScores.Metric]? {
        guard let asked = plan.report?.metrics, !asked.isEmpty, let input = measuredInput(evaluation) else {
            return nil
        }
        let makers = ancestors(of: input)
        return asked.compactMap { label, metric in
            let maker = run.stages.lazy.map(plan.instance).first { instance in
                makers.contains(instance.cacheKey)
                    && instance.stage.outputs.contains { $0.name == metric.artifact }
            }
            guard let value = maker.flatMap(directory.record)?.result.metrics[metric.metric] else {
                return nil
            }
            return ModelScores.Metric(label: label, metric: metric.metric, value: value)
        }
    }

    /// Tokens that the model was trained on by the stage that made it; nil for one that no stage of the run trained.
    func trainedTokens(of evaluation: StageInstance) -> Int? {
        guard case .output(_, let key)? = measuredInput(evaluation) else { return nil }
        let maker = plan.instance(key)
        guard type(of: maker.stage).trainsModel else { return nil }
        return directory.record(of: maker)?.result.metrics["tokens"].map { Int($0) }
    }

    private func measuredInput(_ evaluation: StageInstance) -> StageInstance.Input? {
        evaluation.stage.measuredModel.flatMap { evaluation.inputs[$0.target] }
    }

    /// The stage that made an input, and all whose results it is made from.
    private func ancestors(of input: StageInstance.Input) -> Set<Fingerprint> {
        var (found, open): (Set<Fingerprint>, [StageInstance.Input]) = ([], [input])
        while let next = open.popLast() {
            guard case .output(_, let key) = next, found.insert(key).inserted else { continue }
            open += plan.instance(key).inputs.values
        }
        return found
    }
}
