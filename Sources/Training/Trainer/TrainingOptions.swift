import Support
import Tensors

/// Everything about a training run but its data and its models.
public struct TrainingOptions: Equatable, Sendable {
    /// When the training state is saved, so that a stopped run can go on.
    public enum SaveInterval: Equatable, Sendable {
        case steps(Int)
        case seconds(Double)
        case never
    }

    /// Steps that the schedule and the ramps are laid over; the run's, where `tokens` is nil.
    public var steps: Int
    /// Tokens after which the run ends, the last step whole; nil ends it after `steps`. Of a corpus `steps` follows from it,
    /// of what the student writes itself it is an estimate.
    public var tokens: Int?
    public var losses: [WeightedLoss]
    /// Losses on what lies inside the models; they need a teacher that runs beside the student.
    public var features: [WeightedFeature]
    /// Layers after which the student learns to speak too.
    public var exits: ExitOptions?
    /// The format that the student is written in later: it is trained through weights rounded to it. Its own stay as they
    /// are, for the optimiser to change by less than a level.
    public var quantization: DType?
    /// Decides how the features' projectors begin.
    public var seed: UInt64
    public var optimizer: AdamW.Options
    /// Factor of the embedding's (and an untied head's) learning rate.
    public var embeddingLearningRateScale: Float
    public var schedule: Schedule
    /// Longest gradient norm; nil leaves gradients as they are.
    public var clip: Double?
    /// Decay of a moving average of the weights, which is then the result.
    public var averageDecay: Float?
    public var saveInterval: SaveInterval
    /// Steps between two lines of metrics.
    public var logInterval: Int
    /// Steps between two measurements on held-out text; nil for none.
    public var validationInterval: Int?

    /// What options that a user gives accept.
    public enum Limits {
        public static let steps = 1...1_000_000_000_000
        public static let clip = NumberLimits.positive
        public static let averageDecay = NumberLimits.belowOne
        /// Seconds between two saves: from a thousandth to thirty years.
        public static let saveSeconds = NumberLimits(0.001...1e9)
    }

    public init(
        steps: Int, tokens: Int? = nil, losses: [WeightedLoss], features: [WeightedFeature] = [],
        exits: ExitOptions? = nil, quantization: DType? = nil, seed: UInt64 = 0,
        optimizer: AdamW.Options = .init(),
        embeddingLearningRateScale: Float = 1, schedule: Schedule = .init(), clip: Double? = 1,
        averageDecay: Float? = nil, saveInterval: SaveInterval = .seconds(60), logInterval: Int = 10,
        validationInterval: Int? = nil
    ) {
        self.steps = steps
        self.tokens = tokens
        self.losses = losses
        self.features = features
        self.exits = exits
        self.quantization = quantization
        self.seed = seed
        self.optimizer = optimizer
        self.embeddingLearningRateScale = embeddingLearningRateScale
        self.schedule = schedule
        self.clip = clip
        self.averageDecay = averageDecay
        self.saveInterval = saveInterval
        self.logInterval = logInterval
        self.validationInterval = validationInterval
    }
}

/// One line of metrics.
public struct TrainingMetrics: Codable, Equatable, Sendable {
    public var step: Int
    /// Tokens seen since the start of the run.
    public var tokens: Int
    /// The weighted objective, averaged over the steps since the last line.
    public var loss: Double
    /// Each term's own mean, unweighted, by the loss's name; a second term of one name is `NAME_2`.
    public var terms: [String: Double]
    /// Length of each term's share of the latest step's gradient, with respect to the logits of all positions: weight and
    /// T² included, so that it shows what each term contributes.
    public var termGradientNorms: [String: Double] = [:]
    /// Weights and temperatures at the latest step, of the terms in which they change.
    public var termWeights: [String: Double] = [:]
    public var termTemperatures: [String: Double] = [:]
    /// What the source says of its batches: of on-policy training, the length of the student's answers and the share of
    /// them that repeats.
    public var source: [String: Double] = [:]
    public var gradientNorm: Double
    /// Degrees to the dense gradient at its latest measurement.
    public var gradientAngle: Double?
    public var learningRate: Double
    /// Mean cross-entropy on held-out text, where it was measured at this step.
    public var validationLoss: Double?
}

/// Follows a training run.
public protocol TrainingListener {
    /// Training begins, or goes on, after `step` steps; metrics of later steps will come again.
    func began(atStep step: Int) throws
    func measured(_ metrics: TrainingMetrics) throws
    /// SHA-256 of the lines kept so far, saved with the training's state; nil where none are kept.
    func digest() throws -> Fingerprint?
}

extension TrainingListener {
    public func digest() throws -> Fingerprint? { nil }
}
