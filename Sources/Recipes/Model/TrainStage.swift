import Checkpoints
import Corpora
import Support
import Training

/// Trains a model on a corpus, on a teacher's distributions, or both.
public struct TrainStage: Sendable, RecipeSection {
    /// How long training lasts.
    public enum Duration: Equatable, Sendable {
        case tokens(Int), steps(Int), epochs(Double)
    }

    /// How often the training state is saved.
    public enum Interval: Equatable, Sendable {
        case steps(Int), seconds(Double)
    }

    public enum Precision: String, CaseIterable, Sendable { case f32, bf16 }

    public let model: ModelSettings
    /// Where the pieces come from: a tokenizer or a model that has one.
    public let tokenizer: Reference
    public let corpus: [CorpusPart]
    /// What a document of a text file is, in the corpus and in held-out text.
    public let documents: TextDocuments
    /// What is trained on instead of a corpus.
    public let learned: Reference?
    /// Cached distributions, each document's in any of the caches; at most one of `signals` and `teacher` is given.
    public let signals: [Reference]
    /// The models whose dense distributions are computed during training; features look at the first.
    public let teachers: [TeacherPart]
    public let teacherMix: TeacherMixSettings
    public let losses: [LossSettings]
    /// Losses on what lies inside the models.
    public let features: [FeatureSettings]
    /// Layers after which the model learns to speak too.
    public let exits: ExitSettings?
    /// What the model is written in later: it is trained through weights rounded to it.
    public let quantization: ExportType?
    /// A second model trained in step: each is the other's teacher.
    public let peer: PeerSettings?
    public let lossOn: LossScope
    public let systemTurns: SystemTurns
    /// The student's own text; `nil` trains on the corpus alone.
    public let onPolicy: OnPolicySettings?
    public let optimizer: OptimizerSettings
    public let schedule: ScheduleSettings
    public let batch: BatchSettings
    public let duration: Duration
    /// Longest gradient norm; `nil` leaves gradients as they are.
    public let clip: Double?
    /// Decay of a moving average of the weights, which is then what is saved.
    public let averageDecay: Double?
    public let checkpointEvery: Interval
    public let validation: ValidationSettings?
    /// What the gradient is compared with on the way.
    public let gradientAngle: GradientAngleSettings?
    public let precision: Precision
    /// The stage's own seed; the run's where it is `nil`.
    public let seed: UInt64?
    /// Added to the seed.
    public let seedOffset: Int
    let name: String

    init(_ section: Section) {
        let decoding = section.decoding
        let model = section.optional(
            "model", .model, defaultText: "the recipe's student", inAddress: false,
            "What is trained: a shape, or {from: checkpoint}.")
        if model == nil, decoding.student == nil, section.sound("model") {
            section.problem(
                at: "model", "the recipe has no student to train",
                hint: "give student at the top, or model here")
        }
        self.model =
            model ?? decoding.student ?? KeyType<ModelSettings>.section(ModelSettings.self).placeholder()
        if case .cut = self.model.origin, section.sound("model") {
            section.problem(
                at: "model", "a model is not cut where it is trained",
                hint: "cut it in student at the top, or in a stage cut before")
        }
        section.record("model", self.model.setting)
        tokenizer = section.tokenizerReference(for: self.model)
        learned = section.optional(
            "learned", .reference(to: .sequences),
            "Learned sequences to train on instead of a corpus; they bring the distributions that losses compare with."
        )
        let parts = KeyType<[CorpusPart]>.oneOrMore(.corpusPart)
        corpus =
            section.has("learned")
            ? section.optional("corpus", parts, example: "corpus", "The text to train on.") ?? []
            : section.value("corpus", parts, example: "corpus", "The text to train on.")
        documents = section.corpusDocuments()
        signals =
            section.optional(
                "signals", .oneOrMore(.reference(to: .signals)), example: "signals",
                "A signal cache made from the same corpus; of several, each document is looked for in all, and where more than "
                    + "one has it, their mean is used.") ?? []
        teachers =
            section.optional(
                "teacher", .oneOrMore(.teacherPart),
                "A model, or several, whose whole distributions are computed during training, instead of signals."
            )
            ?? []
        teacherMix = section.section(
            "teacher_mix", TeacherMixSettings.self, "How several teachers speak as one.")
        losses = section.value(
            "losses", .list(of: .section(LossSettings.self)),
            example: "[{kind: cross_entropy, weight: 0.3}, {kind: forward_kl, weight: 0.7}]",
            "The terms of the loss, each with a weight.")
        features = section.value(
            "features", .list(of: .section(FeatureSettings.self), atLeast: 0), default: [],
            "Losses on hidden states, attention and relations, beside losses. They need teacher; those on hidden states also "
                + "work from signals labelled with hidden.")
        exits = section.optional(
            "exits", .section(ExitSettings.self),
            "Layers after which the model learns to speak too, from its own last layer. It then runs at any of them."
        )
        quantization = section.optional(
            "quantize", .named([.q80, .q50, .q40], \.rawValue),
            "Train through weights rounded to this type, which the stage convert writes the model in.")
        decoding.besidePeer = (self.model, losses)
        peer = section.optional(
            "peer", .section(PeerSettings.self),
            "A second model, trained in step: what losses compare with a teacher, they compare with it, and its own with the student."
        )
        lossOn = section.value("loss_on", .choice, default: .standard, "The tokens whose loss counts.")
        systemTurns = section.systemTurns(lossOn)
        onPolicy = section.optional(
            "on_policy", .section(OnPolicySettings.self),
            "Train in part on what the student writes itself; cross_entropy counts on the corpus alone.")
        optimizer = section.section("optimizer", OptimizerSettings.self, "How gradients change the weights.")
        schedule = section.section("schedule", ScheduleSettings.self, "How the learning rate changes.")
        batch = section.section("batch", BatchSettings.self, "What one step sees.")
        duration = Self.duration(section)
        clip = section.optional("clip", .number(TrainingOptions.Limits.clip), "Longest gradient norm.")
        averageDecay = section.optional(
            "ema", .number(TrainingOptions.Limits.averageDecay),
            "Decay of a moving average of the weights, which is then what is saved.")
        checkpointEvery = section.value(
            "checkpoint_every", .interval, default: .seconds(60), inAddress: false,
            "How often the training state is saved, so that a stopped run can go on.")
        let followsHeldOutLoss =
            Self.followsHeldOutLoss(losses + (peer?.losses ?? [])) || onPolicy?.isAdaptive ?? false
        validation = section.optional(
            "validate", .section(ValidationSettings.self), inAddress: followsHeldOutLoss,
            "Measure the loss on other text on the way.")
        gradientAngle = section.optional(
            "gradient_angle", .section(GradientAngleSettings.self),
            "Measure how far the gradient points from that of forward_kl with whole distributions (degrees).")
        precision = section.value("precision", .choice, default: .f32, "The type of the saved weights.")
        seed = section.stageSeed()
        seedOffset = section.value(
            "seed_offset", .integer(0...), default: 0, inAddress: false,
            "Added to the seed, so that models of one shape begin unlike each other, in a study too.")
        name = section.artefactName(default: "student")
        check(section)
    }

    /// Whether the held-out loss has a part in the result, so that the text it is measured on has one too.
    var followsHeldOutLoss: Bool {
        Self.followsHeldOutLoss(losses + (peer?.losses ?? [])) || onPolicy?.isAdaptive ?? false
    }

    private static func followsHeldOutLoss(_ losses: [LossSettings]) -> Bool {
        losses.contains(where: \.followsHeldOutLoss)
    }

    private static func duration(_ section: Section) -> Duration {
        let tokens = section.optional(
            "tokens", .integer(1...1_000_000_000_000_000), example: "400_000", "Length of training in tokens."
        )
        let steps = section.optional(
            "steps", .integer(TrainingOptions.Limits.steps), "Length of training in optimiser steps.")
        let epochs = section.optional(
            "epochs", .number(NumberLimits(above: 0, upTo: 1_000_000)),
            "Length of training in passes over the corpus.")
        let given = ["tokens", "steps", "epochs"].filter(section.has)
        if given.count != 1, section.sound("tokens", "steps", "epochs") {
            section.problem(
                at: given.last ?? "tokens",
                given.isEmpty
                    ? "the length of training is missing"
                    : "\(given.joined(separator: " and ")) are both given",
                hint: "give exactly one of tokens, steps, epochs")
        }
        if let steps { return .steps(steps) }
        if let epochs { return .epochs(epochs) }
        return .tokens(tokens ?? 1)
    }
}

/// What one optimiser step sees.
public struct BatchSettings: Sendable, RecipeSection {
    /// Sequences in a step, over all its parts.
    public let sequences: Int
    /// Longest sequence, in tokens.
    public let contextLength: Int
    /// Parts a step is computed in, to save memory.
    public let accumulate: Int

    init(_ section: Section) {
        sequences = section.value(
            "sequences", .integer(1...1_048_576), default: 16, example: "16", "Sequences in a step.")
        contextLength = section.value(
            "context", .integer(CorpusEncoder.contextLimits), default: CorpusEncoder.standardContext,
            "Longest sequence, in tokens.")
        accumulate = section.value(
            "accumulate", .integer(1...1_048_576), default: 1,
            "Parts a step is computed in, to save memory. Must divide sequences.")
        if section.sound("sequences", "accumulate"), sequences % accumulate != 0 {
            section.problem(
                at: "accumulate", "\(sequences) sequences are not divisible into \(accumulate) parts")
        }
    }
}

/// The angle between the gradient and that of whole distributions, during training.
public struct GradientAngleSettings: Sendable, RecipeSection {
    public let teacher: Reference
    /// Steps between two measurements.
    public let every: Int

    init(_ section: Section) {
        teacher = section.modelReference(at: "to", "The model whose whole distributions are compared with.")
        every = section.value("every", .integer(1...), default: 50, "Steps between two measurements.")
    }
}

/// The loss on held-out text during training.
public struct ValidationSettings: Sendable, RecipeSection {
    public let corpus: [Reference]
    /// Steps between two measurements.
    public let every: Int
    /// Documents measured; `nil` is all.
    public let limit: Int?

    init(_ section: Section) {
        corpus = section.value("on", .oneOrMore(.reference(to: .corpus)), "The text to measure on.")
        every = section.value("every", .integer(1...), default: 100, "Steps between two measurements.")
        limit = section.optional("limit", .integer(1...), defaultText: "all", "Use only the first documents.")
    }
}
