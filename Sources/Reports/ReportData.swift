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

        package init(name: String, quantity: Quantity = .loss, points: [Point]) {
            self.name = name
            self.quantity = quantity
            self.points = points
        }
    }

    public struct Point: Equatable, Sendable {
        public var x, y: Double

        package init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    public struct Model: Sendable {
        public var scores: ModelScores
        /// The evaluation's cache key: equal for a model that several runs share.
        var cacheKey: Fingerprint

        package init(scores: ModelScores, cacheKey: Fingerprint) {
            self.scores = scores
            self.cacheKey = cacheKey
        }
    }

    public struct Run: Sendable {
        public var variant: String?
        public var seed: UInt64?
        public var models: [Model]
        /// Each model after the first against the first, on the same items.
        public var comparisons: [PairedComparison] = []
        /// What was measured during each training, in order.
        public var curves: [Curve]

        package init(
            variant: String?, seed: UInt64?, models: [Model], comparisons: [PairedComparison] = [],
            curves: [Curve]
        ) {
            self.variant = variant
            self.seed = seed
            self.models = models
            self.comparisons = comparisons
            self.curves = curves
        }
    }

    public struct StageLine: Sendable {
        public var label: String
        public var seconds: Double
        public var summary: String

        package init(label: String, seconds: Double, summary: String) {
            self.label = label
            self.seconds = seconds
            self.summary = summary
        }
    }

    public var title: String
    public var description: String?
    public var toolVersion: String
    public var seed: UInt64
    public var stages: [StageLine]
    public var runs: [Run]
    /// What a study found; `nil` for a recipe that is no study, or measures nothing.
    public var study: StudySummary?

    package init(
        title: String, description: String? = nil, toolVersion: String, seed: UInt64, stages: [StageLine],
        runs: [Run], study: StudySummary? = nil
    ) {
        self.title = title
        self.description = description
        self.toolVersion = toolVersion
        self.seed = seed
        self.stages = stages
        self.runs = runs
        self.study = study
    }
}

extension ReportData {
    /// Rows of the score table with their headings: models, or, in a study, means over the seeds.
    package var scoreTable: [[String]] {
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
    package static func ofMeasurements(_ scores: [ModelScores]) -> [PairedComparison] {
        let measures = ["nll", "mean_kl"] + (scores.first?.tasks.map(\.label) ?? [])
        return measures.flatMap { measure in
            all(
                measure, scores.compactMap { model in model.items?[measure].map { (model.model, $0) } },
                lowerIsBetter: measure == "nll" || measure == "mean_kl")
        }
    }
}
