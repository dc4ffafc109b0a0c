import Evaluation
import Foundation

/// A measured value and its standard error.
public struct MeasuredValue: Codable, Equatable, Sendable {
    /// The value.
    public var value: Double
    /// Its standard error, where it has one.
    public var standardError: Double?

    /// A value, with its error where it is known.
    public init(_ value: Double, standardError: Double? = nil) {
        self.value = value
        self.standardError = standardError
    }
}

/// Everything an evaluation says about one model: the content of `evaluation.json`.
public struct ModelScores: Codable, Equatable, Sendable {
    /// The accuracy on a file of questions.
    public struct Task: Codable, Equatable, Sendable {
        /// The name that the recipe gives it.
        public var label: String
        /// The fraction of questions answered right.
        public var accuracy: MeasuredValue
        /// The number of questions.
        public var questions: Int
        /// The fraction right once answers are normalized as SQuAD's are.
        public var normalized: Double?

        /// The result of a file of questions.
        public init(label: String, accuracy: MeasuredValue, questions: Int, normalized: Double? = nil) {
            self.label = label
            self.accuracy = accuracy
            self.questions = questions
            self.normalized = normalized
        }
    }

    /// A metric of a stage that the model came from, as the report shows it.
    public struct Metric: Codable, Equatable, Sendable {
        /// The name that the recipe gives it.
        public var label: String
        /// The metric's own name, such as `tokens_per_second`.
        public var metric: String
        /// The value.
        public var value: Double

        package init(label: String, metric: String, value: Double) {
            self.label = label
            self.metric = metric
            self.value = value
        }
    }

    /// The model, as the recipe names it.
    public var model: String
    /// The number of weights.
    public var parameters: Int
    /// Size of the weights on disk.
    public var bytes: Int
    /// Perplexity a token of the held-out text.
    public var perplexity: MeasuredValue?
    /// Mean negative log-likelihood of the same text, in nats a token: the logarithm of the perplexity.
    public var loss: MeasuredValue?
    /// What the perplexity was measured on.
    public var counted: CountedText?
    /// Sums over the items of each measurement, by its name, for comparison with other models; no part of reports.
    package var items: [String: ItemSums]?
    /// Mean KL divergence from the teacher, in nats a token; 0 for the teacher.
    public var kl: MeasuredValue?
    /// The fraction of positions whose likeliest token is the teacher's.
    public var agreement: MeasuredValue?
    /// Expected calibration error on the same text.
    public var calibrationError: MeasuredValue?
    /// Accuracy on each file of questions, in the order of the recipe.
    public var tasks: [Task]
    /// The fraction of trigrams that an answer to a task has had before, and its tokens: means.
    public var repetition: MeasuredValue?
    /// Tokens of an answer, a mean over all tasks.
    public var answerLength: MeasuredValue?
    /// Tokens written a second, one sequence at a time.
    public var tokensPerSecond: Double?
    /// Tokens it was trained on by the stage that made it; no part of `evaluation.json`.
    public var trainedTokens: Int?
    /// Additional metrics that the report shows; not in `evaluation.json`.
    public var metrics: [Metric]?

    /// Scores of a model; what was not measured is left out.
    public init(
        model: String, parameters: Int, bytes: Int, perplexity: MeasuredValue? = nil,
        loss: MeasuredValue? = nil,
        kl: MeasuredValue? = nil, agreement: MeasuredValue? = nil, calibrationError: MeasuredValue? = nil,
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
