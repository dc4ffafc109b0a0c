import Evaluation
import Foundation
import Reports

extension ReportData {
    /// Reads the results of the finished stages in the run directory.
    init(plan: Plan, directory: RunDirectory, toolVersion: String) throws {
        let recipe = plan.file.recipe
        let stages = plan.stages.compactMap { instance in
            directory.record(of: instance).map {
                StageLine(label: instance.label, seconds: $0.seconds, summary: $0.result.summary)
            }
        }
        let reader = StageMetricsReader(plan: plan, directory: directory)
        let runs = try plan.runs.map { run in
            var models: [Model] = []
            var curves: [Curve] = []
            for instance in run.stages.map(plan.instance) {
                let finished = FinishedStage(
                    outputs: directory.outputs(of: instance), metrics: directory.metrics(of: instance))
                for item in try instance.stage.reportItems(finished) {
                    switch item {
                    case .scores(var scores):
                        scores.metrics = reader.metrics(of: instance, in: run)
                        scores.trainedTokens = reader.trainedTokens(of: instance)
                        models.append(Model(scores: scores, cacheKey: instance.cacheKey))
                    case .curve(var curve):
                        curve.name = [run.folder, curve.name].compactMap { $0 }.joined(separator: " ")
                        curves.append(curve)
                    }
                }
            }
            let comparisons = PairedComparison.ofMeasurements(models.map(\.scores))
            for index in models.indices { models[index].scores.items = nil }
            return Run(
                variant: run.variant, seed: run.seed, models: models, comparisons: comparisons, curves: curves
            )
        }
        let isStudy = plan.runs.contains { $0.folder != nil }
        self.init(
            title: plan.report?.title ?? recipe.name, description: recipe.description,
            toolVersion: toolVersion, seed: recipe.seed, stages: stages, runs: runs,
            study: isStudy ? StudySummary(runs: runs, verdict: recipe.verdict) : nil)
    }
}
