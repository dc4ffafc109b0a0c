import Evaluation
import Foundation
import Support

/// What reports are written from.
public struct ReportData: Sendable {
    /// What is measured during training, under the name the metrics log has for it.
    public enum Quantity: String, CaseIterable, Sendable {
        case loss
        case heldOutLoss = "validation_loss"
        case gradientAngle = "gradient_angle"
        case rolloutReward = "rollout_reward"

        var heading: String {
            switch self {
            case .loss: "Training loss"
            case .heldOutLoss: "Held-out loss"
            case .gradientAngle: "Gradient angle"
            case .rolloutReward: "Reward of the student's answers"
            }
        }

        /// The title of the axis, with the unit where there is one.
        var axis: String {
            switch self {
            case .loss: "loss"
            case .heldOutLoss: "held-out loss"
            case .gradientAngle: "angle to the gradient of forward_kl (degrees)"
            case .rolloutReward: "mean of ln p − ln q"
            }
        }
    }

    /// A series of points, such as the loss over the steps.
    public struct Curve: Equatable, Sendable {
        public var name: String
        public var quantity = Quantity.loss
        public var points: [Point]
    }

    public struct Point: Equatable, Sendable {
        public var x, y: Double
    }

    public struct Model: Sendable {
        public var scores: ModelScores
        /// The evaluation's address: equal for a model that several runs share.
        var address: Fingerprint
    }

    public struct Run: Sendable {
        public var variant: String?
        public var seed: UInt64?
        public var models: [Model]
        /// Each model after the first against the first, on the same items.
        public var comparisons: [PairedComparison] = []
        /// What was measured during each training, in order.
        public var curves: [Curve]
    }

    public struct StageLine: Sendable {
        public var label: String
        public var seconds: Double
        public var summary: String
    }

    public var title: String
    public var description: String?
    public var toolVersion: String
    public var seed: UInt64
    public var stages: [StageLine]
    public var runs: [Run]
    /// What a study found; `nil` for a recipe that is no study, or measures nothing.
    public var study: StudySummary?
}

extension ReportData {
    /// Reads what the finished stages left in the run directory.
    init(plan: Plan, directory: RunDirectory, toolVersion: String) throws {
        let recipe = plan.file.recipe
        title = plan.report?.title ?? recipe.name
        description = recipe.description
        self.toolVersion = toolVersion
        seed = recipe.seed
        stages = plan.stages.compactMap { instance in
            directory.record(of: instance).map {
                StageLine(label: instance.label, seconds: $0.seconds, summary: $0.result.summary)
            }
        }
        let reader = FigureReader(plan: plan, directory: directory)
        runs = try plan.runs.map { run in
            var models: [Model] = []
            var curves: [Curve] = []
            for instance in run.stages.map(plan.instance) {
                switch instance.stage {
                case .evaluate:
                    let data = try ConfigurationFile.read(directory.output(of: instance))
                    var scores = try JSONDecoder.forRecords.decode(ModelScores.self, from: data)
                    scores.figures = reader.figures(of: instance, in: run)
                    scores.trainedTokens = reader.trainedTokens(of: instance)
                    models.append(Model(scores: scores, address: instance.address))
                case .train(let train):
                    let records = try MetricsLog.read(directory.metrics(of: instance))
                    let name = [run.folder, train.name].compactMap { $0 }.joined(separator: " ")
                    for quantity in Quantity.allCases {
                        let points = records.compactMap { record in
                            record.values[quantity.rawValue].map { Point(x: Double(record.step), y: $0) }
                        }
                        if !points.isEmpty {
                            curves.append(Curve(name: name, quantity: quantity, points: points))
                        }
                    }
                default: break
                }
            }
            let comparisons = PairedComparison.ofMeasurements(models.map(\.scores))
            for index in models.indices { models[index].scores.items = nil }
            return Run(
                variant: run.variant, seed: run.seed, models: models, comparisons: comparisons, curves: curves
            )
        }
        let isStudy = plan.runs.contains { $0.folder != nil }
        study = isStudy ? StudySummary(runs: runs, verdict: recipe.verdict) : nil
    }

    /// Rows of the score table with their headings: models, or, in a study, means over the seeds.
    var scoreTable: [[String]] {
        if let study { return study.table }
        let scores = runs.flatMap(\.models).map(\.scores)
        guard !scores.isEmpty else { return [] }
        let columns = ScoreColumn.columns(for: scores)
        return [["model"] + columns.map(\.title)]
            + scores.map { model in [model.model] + columns.map { $0.text($0.value(model)) } }
    }

    /// The table of scores for a terminal, with the verdict of a study below.
    public func terminalText(colour: Bool) -> String {
        guard !scoreTable.isEmpty else { return "" }
        let table = TextTable(rows: scoreTable).text(colour: colour)
        return ([table] + (study?.sentences ?? comparisons)).joined(separator: "\n")
    }

    /// Whether models differ, in words; of a study its seeds tell.
    var comparisons: [String] { study == nil ? runs.flatMap(\.comparisons).map(\.description) : [] }
}

extension PairedComparison {
    /// Each model after the first against the first, in every measurement that both have.
    static func ofMeasurements(_ scores: [ModelScores]) -> [PairedComparison] {
        let measures = ["nll", "mean_kl"] + (scores.first?.tasks.map(\.label) ?? [])
        return measures.flatMap { measure in
            all(
                measure, scores.compactMap { model in model.items?[measure].map { (model.model, $0) } },
                lowerIsBetter: measure == "nll" || measure == "mean_kl")
        }
    }
}
