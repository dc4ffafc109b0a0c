import Support
import Tensors

/// The options of a training run, except for its data and models.
public struct TrainingOptions: Equatable, Sendable {
    /// When the training state is saved, so that an interrupted run can be resumed.
    public enum SaveInterval: Equatable, Sendable {
        /// After a number of steps, at the next line of metrics.
        case steps(Int)
        /// After some time, at the next line of metrics.
        case seconds(Double)
        /// Only at the end and on interruption.
        case never
    }

    /// Number of steps of the schedule and the ramps; and of the run, where `tokens` is nil.
    public var steps: Int
    /// Tokens after which the run ends, with the step that reaches them; nil ends it after `steps`. With a corpus, `steps`
    /// follows from it; with on-policy text it is an estimate.
    public var tokens: Int?
    /// The terms of the objective.
    public var losses: [WeightedLoss]
    /// Losses on activations; they need a teacher that runs beside the student, or a cache with hidden states.
    public var features: [WeightedFeature]
    /// Early exits that are trained with the model.
    public var exits: ExitOptions?
    /// Quantization-aware training: the format that the student is exported in later. The forward pass uses fake-quantized
    /// weights; the optimizer updates those in Float32.
    public var quantization: DType?
    /// Of the feature losses' projectors.
    public var seed: UInt64
    /// Options of AdamW.
    public var optimizer: AdamW.Options
    /// Factor of the embedding's (and an untied head's) learning rate.
    public var embeddingLearningRateScale: Float
    /// The learning rate over the run.
    public var schedule: Schedule
    /// The largest gradient norm; nil for no clipping.
    public var clip: Double?
    /// Decay of an exponential moving average of the weights, which is then the result; nil for none.
    public var averageDecay: Float?
    /// When the training state is saved.
    public var saveInterval: SaveInterval
    /// Steps between two lines of metrics.
    public var logInterval: Int
    /// Steps between two measurements on held-out text; nil for none.
    public var validationInterval: Int?

    /// The accepted values of options.
    public enum Limits {
        /// Of the steps.
        public static let steps = 1...1_000_000_000_000
        /// Of the largest gradient norm.
        public static let clip = NumberLimits.positive
        /// Of the moving average's decay.
        public static let averageDecay = NumberLimits.belowOne
        /// Seconds between two saves: from a thousandth to thirty years.
        public static let saveSeconds = NumberLimits(0.001...1e9)
    }

    /// Options with the usual defaults; each is described at its property.
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
