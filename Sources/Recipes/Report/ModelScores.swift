import Evaluation
import Foundation

/// A measured value and its standard error.
public struct Measurement: Codable, Equatable, Sendable {
    public var value: Double
    public var standardError: Double?

    public init(_ value: Double, standardError: Double? = nil) {
        self.value = value
        self.standardError = standardError
    }
}

/// Everything an evaluation says about one model: the content of `evaluation.json`.
public struct ModelScores: Codable, Equatable, Sendable {
    public struct Task: Codable, Equatable, Sendable {
        public var label: String
        /// The share of questions answered right.
        public var accuracy: Measurement
        public var questions: Int
        /// The share right once answers are normalised as SQuAD's are.
        public var normalized: Double?

        public init(label: String, accuracy: Measurement, questions: Int, normalized: Double? = nil) {
            self.label = label
            self.accuracy = accuracy
            self.questions = questions
            self.normalized = normalized
        }
    }

    /// A figure of a stage that the model came from, as the report shows it.
    public struct Figure: Codable, Equatable, Sendable {
        public var label: String
        /// The figure's own name, such as `tokens_per_second`.
        public var figure: String
        public var value: Double
    }

    /// The model, as the recipe names it.
    public var model: String
    public var parameters: Int
    /// Size of the weights on disk.
    public var bytes: Int
    public var perplexity: Measurement?
    /// Mean negative log-likelihood of the same text, in nats a token: the logarithm of the perplexity.
    public var loss: Measurement?
    /// What the perplexity was measured on.
    public var counted: CountedText?
    /// Sums over the items of each measurement, by its name, for comparison with other models; no part of reports.
    var items: [String: ItemSums]?
    /// Mean KL divergence from the teacher, in nats a token; 0 for the teacher.
    public var kl: Measurement?
    /// The share of positions whose likeliest token is the teacher's.
    public var agreement: Measurement?
    /// Expected calibration error on the same text.
    public var calibrationError: Measurement?
    public var tasks: [Task]
    /// The share of trigrams that an answer to a task has had before, and its tokens: means.
    public var repetition: Measurement?
    public var answerLength: Measurement?
    /// Tokens written a second, one sequence at a time.
    public var tokensPerSecond: Double?
    /// Tokens it was trained on by the stage that made it; no part of `evaluation.json`.
    public var trainedTokens: Int?
    /// What the report asks for besides; no part of `evaluation.json`.
    public var figures: [Figure]?

    public init(
        model: String, parameters: Int, bytes: Int, perplexity: Measurement? = nil, loss: Measurement? = nil,
        kl: Measurement? = nil, agreement: Measurement? = nil, calibrationError: Measurement? = nil,
        tasks: [Task] = [], tokensPerSecond: Double? = nil
    ) {
        self.model = model
        self.parameters = parameters
        self.bytes = bytes
        self.perplexity = perplexity
        self.loss = loss
        self.kl = kl
        self.agreement = agreement
        self.calibrationError = calibrationError
        self.tasks = tasks
        self.tokensPerSecond = tokensPerSecond
    }
}

/// A column of score tables.
struct ScoreColumn: Sendable {
    enum Style { case count, bytes, decimal, percent, rate }

    /// How recipes name it, where a verdict can be about it.
    var key: String
    var title: String
    var style: Style
    var lowerIsBetter = false
    var value: @Sendable (ModelScores) -> Measurement?

    /// The columns that at least one of the models has a value for.
    ///
    /// - Parameter asked: the key of a column that is shown only on demand, since another one says the same
    static func columns(for scores: [ModelScores], asked: String? = nil) -> [ScoreColumn] {
        var labels: [String] = []
        for task in scores.flatMap(\.tasks) where !labels.contains(task.label) { labels.append(task.label) }
        let fixed = [
            ScoreColumn(key: "parameters", title: "parameters", style: .count) {
                Measurement(Double($0.parameters))
            },
            ScoreColumn(key: "trained_tokens", title: "tokens trained", style: .count) {
                $0.trainedTokens.map { Measurement(Double($0)) }
            },
            ScoreColumn(key: "bytes", title: "size", style: .bytes) { Measurement(Double($0.bytes)) },
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
            $0.tokensPerSecond.map { Measurement($0) }
        }
        let answers = [
            ScoreColumn(key: "repetition", title: "repetition", style: .percent, lowerIsBetter: true) {
                $0.repetition
            },
            ScoreColumn(key: "answer_length", title: "answer length", style: .decimal) { $0.answerLength },
        ]
        return (fixed + tasks + answers + [speed] + figureColumns(for: scores)).filter { column in
            scores.contains { column.value($0) != nil }
        }
    }

    /// A column for each figure the report asks for, in its order.
    private static func figureColumns(for scores: [ModelScores]) -> [ScoreColumn] {
        var figures: [ModelScores.Figure] = []
        for figure in scores.flatMap({ $0.figures ?? [] })
        where !figures.contains(where: { $0.label == figure.label }) {
            figures.append(figure)
        }
        return figures.map { figure in
            let style: Style =
                switch figure.figure {
                case "documents", "positions", "tokens", "parameters": .count
                case "tokens_per_second": .rate
                case "bytes": .bytes
                default: .decimal
                }
            return ScoreColumn(
                key: figure.label, title: figure.label, style: style,
                lowerIsBetter: figure.figure != "tokens_per_second"
            ) { scores in
                scores.figures?.first { $0.label == figure.label }.map { Measurement($0.value) }
            }
        }
    }

    /// A value and its error as text: `12.3 ± 0.1`, `61.0 ± 2.2 %`, `1.05 M`.
    func text(_ measurement: Measurement?) -> String {
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
            // The perplexity of a model that has not converged: thirty digits say no more than three.
            let error = measurement.standardError.map { String(format: " ± %.2g", $0) } ?? ""
            return String(format: "%.3g", value) + error
        case .decimal:
            // Two digits of the error, or three significant digits of the value, decide the decimals. Equal values have an
            // error of rounding.
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
