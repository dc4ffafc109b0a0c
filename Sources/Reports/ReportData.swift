import Evaluation
import Foundation
import Support

/// What reports are written from.
public struct ReportData: Sendable {
    /// What is measured during training, under the name the metrics log has for it.
    public enum Quantity: String, CaseIterable, Sendable {
        /// The objective.
        case loss
        /// The loss on held-out text, in nats per token.
        case heldOutLoss = "validation_loss"
        /// Between the gradients from the signals and from the whole distributions, in degrees.
        case gradientAngle = "gradient_angle"
        /// Mean ln p − ln q of the tokens that the student drew: p the teacher's probability, q its own.
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
        /// The run and the model.
        public var name: String
        /// What was measured.
        public var quantity = Quantity.loss
        /// The measurements, by step.
        public var points: [Point]

        package init(name: String, quantity: Quantity = .loss, points: [Point]) {
            self.name = name
            self.quantity = quantity
            self.points = points
        }
    }

    /// A measurement at a step.
    public struct Point: Equatable, Sendable {
        /// The step and the value.
        public var x, y: Double

        package init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// A model that was measured.
    public struct Model: Sendable {
        /// What was measured of it.
        public var scores: ModelScores
        /// The evaluation's cache key: equal for a model that several runs share.
        var cacheKey: Fingerprint

        package init(scores: ModelScores, cacheKey: Fingerprint) {
            self.scores = scores
            self.cacheKey = cacheKey
        }
    }

    /// One pass of a recipe: a variant with a seed.
    public struct Run: Sendable {
        /// The name of the variant; `nil` where the recipe has none.
        public var variant: String?
        /// The seed among those of a study; `nil` where it has none.
        public var seed: UInt64?
        /// The models, in the order of the evaluations.
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

    /// A finished stage.
    public struct StageLine: Sendable {
        /// What the stage is called.
        public var label: String
        /// The time it took.
        public var seconds: Double
        /// Its result in one line.
        public var summary: String

        package init(label: String, seconds: Double, summary: String) {
            self.label = label
            self.seconds = seconds
            self.summary = summary
        }
    }

    /// The heading.
    public var title: String
    /// The recipe's description.
    public var description: String?
    /// The version that wrote the report.
    public var toolVersion: String
    /// The recipe's seed.
    public var seed: UInt64
    /// The finished stages, in order.
    public var stages: [StageLine]
    /// The passes of the recipe; one outside studies.
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
