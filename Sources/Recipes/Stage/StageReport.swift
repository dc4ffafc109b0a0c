import Foundation
import Reports

/// Where the results of a finished stage are.
package struct FinishedStage {
    package let outputs: [URL]
    /// The metrics along the way, for `MetricsLog.read`.
    package let metrics: URL
}

/// What a stage adds to the report of its run.
package enum ReportItem {
    /// A model that was measured.
    case scores(ModelScores)
    /// A quantity measured during training.
    case curve(ReportData.Curve)
}

/// What a report shows in addition to the models' scores.
package struct ReportOptions: Sendable {
    /// The heading; `nil` is the recipe's name.
    package var title: String?
    /// Metrics of stages, as further columns under these labels.
    package var metrics: [(label: String, value: StageMetric)]
}

/// A metric of a stage, such as the bytes a cache takes.
package struct StageMetric: Hashable, Sendable {
    /// The name of the stage's output.
    package let artifact: String
    package let metric: String
}
