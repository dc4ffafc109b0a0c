import Foundation
import Support
import Training

/// Writes training's metrics to the stage's log.
struct MetricsListener: TrainingListener {
    let log: MetricsLog

    init(_ log: MetricsLog) { self.log = log }

    func began(atStep step: Int) throws { try log.truncate(after: step) }

    func digest() throws -> Fingerprint? {
        // Interrupted before its first line a run has no log.
        try FileManager.default.exists(at: log.url) ? Fingerprint(fileAt: log.url) : nil
    }

    func measured(_ metrics: TrainingMetrics) throws {
        var values = metrics.terms
        for (prefix, numbers) in [
            ("gradient_norm", metrics.termGradientNorms), ("weight", metrics.termWeights),
            ("temperature", metrics.termTemperatures),
        ] {
            for (name, number) in numbers { values["\(prefix)_\(name)"] = number }
        }
        values.merge(metrics.source) { $1 }
        values["loss"] = metrics.loss
        values["tokens"] = Double(metrics.tokens)
        values["gradient_norm"] = metrics.gradientNorm
        values["gradient_angle"] = metrics.gradientAngle
        values["learning_rate"] = metrics.learningRate
        values["validation_loss"] = metrics.validationLoss
        try log.append(step: metrics.step, values)
    }
}
