import Foundation

/// A column of score tables.
package struct ScoreColumn: Sendable {
    enum Style { case count, bytes, decimal, percent, rate }

    /// Its name in recipes, for metrics that a verdict can use.
    var key: String
    var title: String
    var style: Style
    var lowerIsBetter = false
    var value: @Sendable (ModelScores) -> MeasuredValue?

    /// The columns that at least one of the models has a value for.
    ///
    /// - Parameter asked: the key of a column that is shown only on request, since another column is equivalent
    static func columns(for scores: [ModelScores], asked: String? = nil) -> [ScoreColumn] {
        var labels: [String] = []
        for task in scores.flatMap(\.tasks) where !labels.contains(task.label) { labels.append(task.label) }
        let fixed = [
            ScoreColumn(key: "parameters", title: "parameters", style: .count) {
                MeasuredValue(Double($0.parameters))
            },
            ScoreColumn(key: "trained_tokens", title: "tokens trained", style: .count) {
                $0.trainedTokens.map { MeasuredValue(Double($0)) }
            },
            ScoreColumn(key: "bytes", title: "size", style: .bytes) { MeasuredValue(Double($0.bytes)) },
            ScoreColumn(key: "perplexity", title: "perplexity", style: .decimal, lowerIsBetter: true) {
                $0.perplexity
            },
            ScoreColumn(key: "loss", title: "held-out loss", style: .decimal, lowerIsBetter: true) {
                asked == "loss" ? $0.loss : nil
            },
            ScoreColumn(key: "kl", title: "KL to teacher", style: .decimal, lowerIsBetter: true) { $0.kl },
            ScoreColumn(key: "agreement", title: "top-1 agreement", style: .percent) { $0.agreement },
            ScoreColumn(key: "ece", title: "ECE", style: .percent, lowerIsBetter: true) {
                $0.calibrationError
            },
        ]
        let tasks = labels.map { label in
            ScoreColumn(key: label, title: label, style: .percent) { scores in
                scores.tasks.first { $0.label == label }?.accuracy
            }
        }
        let speed = ScoreColumn(key: "tokens_per_second", title: "tokens/s", style: .rate) {
            $0.tokensPerSecond.map { MeasuredValue($0) }
        }
        let answers = [
            ScoreColumn(key: "repetition", title: "repetition", style: .percent, lowerIsBetter: true) {
                $0.repetition
            },
            ScoreColumn(key: "answer_length", title: "answer length", style: .decimal) { $0.answerLength },
        ]
        return (fixed + tasks + answers + [speed] + metricColumns(for: scores)).filter { column in
            scores.contains { column.value($0) != nil }
        }
    }

    /// A column for each metric the report asks for, in its order.
    private static func metricColumns(for scores: [ModelScores]) -> [ScoreColumn] {
        var metrics: [ModelScores.Metric] = []
        for metric in scores.flatMap({ $0.metrics ?? [] })
        where !metrics.contains(where: { $0.label == metric.label }) {
            metrics.append(metric)
        }
        return metrics.map { metric in
            let style: Style =
                switch metric.metric {
                case "documents", "positions", "tokens", "parameters": .count
                case "tokens_per_second": .rate
                case "bytes": .bytes
                default: .decimal
                }
            return ScoreColumn(
                key: metric.label, title: metric.label, style: style,
                lowerIsBetter: metric.metric != "tokens_per_second"
            ) { scores in
                scores.metrics?.first { $0.label == metric.label }.map { MeasuredValue($0.value) }
            }
        }
    }

    /// A value and its error as text: `12.3 ± 0.1`, `61.0 ± 2.2 %`, `1.05 M`.
    func text(_ measurement: MeasuredValue?) -> String {
        guard let measurement else { return "–" }
        let value = measurement.value
        switch style {
        case .count: return Self.scaled(value, units: ["", " k", " M", " G"], step: 1000)
        case .bytes: return Self.scaled(value, units: [" B", " KiB", " MiB", " GiB"], step: 1024)
        case .rate: return String(format: value < 100 ? "%.1f" : value < 1e9 ? "%.0f" : "%.3g", value)
        case .percent:
            let error = measurement.standardError.map { String(format: " ± %.1f", 100 * $0) } ?? ""
            return String(format: "%.1f", 100 * value) + error + " %"
        case .decimal where abs(value) >= 1e9 || (measurement.standardError ?? 0) >= 1e9:
            // The perplexity of a model that has not converged: three significant digits are enough.
            let error = measurement.standardError.map { String(format: " ± %.2g", $0) } ?? ""
            return String(format: "%.3g", value) + error
        case .decimal:
            // The decimals show two digits of the error, or three significant digits of the value. The error of equal values is
            // rounding error and is ignored.
            let error = measurement.standardError.flatMap { $0 > 1e-9 * abs(value) ? $0 : nil }
            let scale = error.map { $0 * 10 } ?? max(abs(value), 1e-3)
            let decimals = max(0, min(6, 2 - Int((log10(scale) + 1e-9).rounded(.down))))
            let spread = measurement.standardError.map { String(format: " ± %.\(decimals)f", $0) } ?? ""
            return String(format: "%.\(decimals)f", value) + spread
        }
    }

    private static func scaled(_ value: Double, units: [String], step: Double) -> String {
        var (value, index) = (value, 0)
        while value >= step, index + 1 < units.count {
            value /= step
            index += 1
        }
        let format = index == 0 ? "%.0f" : value < 10 ? "%.2f" : value < 1e6 ? "%.1f" : "%.3g"
        return String(format: format, value) + units[index]
    }
}

/// A human-readable number of bytes: `4.00 MiB`.
package func byteText(_ bytes: Double) -> String {
    ScoreColumn(key: "", title: "", style: .bytes) { _ in nil }.text(MeasuredValue(bytes))
}

/// A human-readable count: `1.05 M`.
package func countText(_ count: Double) -> String {
    ScoreColumn(key: "", title: "", style: .count) { _ in nil }.text(MeasuredValue(count))
}
