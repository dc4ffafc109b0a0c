import Checkpoints
import Corpora
import RecipeSchema
import Support
import Training
import Transformer

/// Trains a model on a corpus, on a teacher's distributions, or both.
struct TrainStage: Stage {
    static let name = "train"
    static let summary = "Trains a model on a corpus, on a teacher's distributions, or both."
    static let metricNames = [
        "tokens", "steps", "loss", "validation_loss", "parameters", "tokens_per_second", "gradient_angle",
    ]
    static let trainsModel = true

    /// How long training lasts.
    enum Duration: Equatable, Sendable {
        case tokens(Int), steps(Int), epochs(Double)
    }

    /// The type of the saved weights.
    enum Precision: String, CaseIterable, Sendable { case f32, bf16 }

    let model: ModelSettings
    /// A tokenizer, or a model that has one.
    let tokenizer: Reference
    let corpus: [CorpusPart]
    /// What a document of a text file is, in the corpus and in held-out text.
    let documents: TextDocuments
    /// Synthetic sequences to train on instead of a corpus.
    let synthetic: Reference?
    /// Cached distributions, each document's in any of the caches; at most one of `signals` and `teacher` is given.
    let signals: [Reference]
    /// The models whose dense distributions are computed during training; features compare with the first.
    let teachers: [TeacherPart]
    let teacherMix: TeacherMixSettings
    let losses: [LossSettings]
    /// Losses on activations.
    let features: [FeatureSettings]
    /// Early exits.
    let exits: ExitSettings?
    /// The type that the model is exported to later; training uses weights fake-quantized to it.
    let quantization: ExportType?
    /// A second model trained at the same time: each is the other's teacher.
    let peer: PeerSettings?
    let lossOn: TargetScope
    let systemTurns: SystemTurns
    /// The student's own text; `nil` trains on the corpus alone.
    let onPolicy: OnPolicySettings?
    let optimizer: OptimizerSettings
    let schedule: ScheduleSettings
    let batch: BatchSettings
    let duration: Duration
    /// Maximum norm of the gradient; `nil` for no clipping.
    let clip: Double?
    /// Decay of an exponential moving average of the weights, which is saved in place of the weights themselves.
    let averageDecay: Double?
    let checkpointEvery: TrainingOptions.SaveInterval
    let validation: ValidationSettings?
    /// A comparison of gradients during training.
    let gradientAngle: GradientAngleSettings?
    let precision: Precision
    /// The stage's seed; `nil` for the run's.
    let seed: UInt64?
    /// Added to the seed.
    let seedOffset: Int
    let outputName: String

    init(_ section: Section) {
        let context = section.context
        let model = section.optional(
            "model", .model, defaultText: "the recipe's student", inCacheKey: false,
            "The model to train: a shape, or {from: checkpoint}.")
        if model == nil, context.student == nil, section.sound("model") {
            section.problem(
                at: "model", "the recipe has no student to train",
                hint: "give student at the top, or model here")
        }
        self.model =
            model ?? context.student ?? KeyType<ModelSettings>.model.placeholder()
        if case .pruned = self.model.origin, section.sound("model") {
            section.problem(
                at: "model", "a model is not pruned where it is trained",
                hint: "prune it in student at the top, or in a stage prune before")
        }
        section.record("model", self.model.canonical)
        tokenizer = section.tokenizerReference(for: self.model)
        synthetic = section.optional(
            "synthetic", .reference(to: .sequences),
            "Synthetic sequences to train on instead of a corpus; they contain the distributions that losses compare with."
        )
        let parts = KeyType<[CorpusPart]>.oneOrMore(.corpusPart)
        corpus =
            section.has("synthetic")
            ? section.optional("corpus", parts, example: "corpus", "The text to train on.") ?? []
            : section.value("corpus", parts, example: "corpus", "The text to train on.")
        documents = section.corpusDocuments()
        signals =
            section.optional(
                "signals", .oneOrMore(.reference(to: .signals)), example: "signals",
                "A signal cache of the same corpus, or several: each document is looked up in all, and if more "
                    + "than one has it, their mean is used.") ?? []
        teachers =
            section.optional(
                "teacher", .oneOrMore(.teacherPart),
                "One or more models whose full distributions are computed during training, instead of signals."
            )
            ?? []
        teacherMix = section.section(
            "teacher_mix", .section(TeacherMixSettings.self),
            "How the distributions of several teachers are mixed.")
        losses = section.value(
            "losses", .list(of: .section(LossSettings.self)),
            example: "[{kind: cross_entropy, weight: 0.3}, {kind: forward_kl, weight: 0.7}]",
            "The terms of the loss, each with a weight.")
        features = section.value(
            "features", .list(of: .section(FeatureSettings.self), atLeast: 0), default: [],
            "Losses on hidden states, attention and relations, added to losses. They need teacher; those on "
                + "hidden states also work with signals labelled with hidden.")
        exits = section.optional(
            "exits", .section(ExitSettings.self),
            "Early exits: layers after which the model is also trained to predict, by self-distillation from its last layer. "
                + "It can then be run up to any of them."
        )
        quantization = section.optional(
            "quantize", .named([.q80, .q50, .q40], \.rawValue),
            "Quantization-aware training: weights are fake-quantized to this type, to which the stage "
                + "convert then exports the model.")
        peer = section.optional(
            "peer", .section(PeerSettings.self),
            "Mutual learning: a second model, trained at the same time. Each is the other's teacher."
        )
        lossOn = section.value(
            "loss_on", .choice, default: .standard, "The tokens that the loss is computed on.")
        systemTurns = section.systemTurns(lossOn)
        onPolicy = section.optional(
            "on_policy", .section(OnPolicySettings.self),
            "Train partly on text that the student generates; cross_entropy is computed on the corpus alone.")
        optimizer = section.section(
            "optimizer", .section(OptimizerSettings.self), "The optimizer.")
        schedule = section.section(
            "schedule", .section(ScheduleSettings.self), "The learning rate schedule.")
        batch = section.section(
            "batch", .section(BatchSettings.self), "The size and composition of a step's batch.")
        duration = Self.duration(section)
        clip = section.optional(
            "clip", .number(TrainingOptions.Limits.clip),
            "Maximum norm of the gradient; a larger gradient is scaled down to it.")
        averageDecay = section.optional(
            "ema", .number(TrainingOptions.Limits.averageDecay),
            "Decay of an exponential moving average of the weights, which is saved in place of the weights themselves."
        )
        checkpointEvery = section.value(
            "checkpoint_every", .saveInterval, default: .seconds(60), inCacheKey: false,
            "How often the training state is saved. A stopped run resumes from it.")
        let followsHeldOutLoss = Self.followsHeldOutLoss(losses, peer, onPolicy)
        validation = section.optional(
            "validate", .section(ValidationSettings.self), inCacheKey: followsHeldOutLoss,
            "Measure the loss on held-out text during training.")
        gradientAngle = section.optional(
            "gradient_angle", .section(GradientAngleSettings.self),
            "Measure the angle between the gradient and that of forward_kl with full distributions (degrees)."
        )
        precision = section.value("precision", .choice, default: .f32, "The type of the saved weights.")
        seed = section.stageSeed()
        seedOffset = section.value(
            "seed_offset", .integer(0...), default: 0, inCacheKey: false,
            "Added to the seed, so that models of the same shape start from different weights, also in a study."
        )
        outputName = section.artifactName(default: "student")
        check(section)
    }

    /// Whether the held-out loss affects the result, and with it the text that it is measured on.
    private var followsHeldOutLoss: Bool { Self.followsHeldOutLoss(losses, peer, onPolicy) }

    private static func followsHeldOutLoss(
        _ losses: [LossSettings], _ peer: PeerSettings?, _ onPolicy: OnPolicySettings?
    ) -> Bool {
        (losses + (peer?.losses ?? [])).contains(where: \.followsHeldOutLoss)
            || onPolicy?.isAdaptive ?? false
    }

    /// The second model of mutual learning; by default of the student's shape.
    var peerModel: ModelSettings? { peer.map { $0.model ?? model } }

    /// The peer's losses; by default the student's.
    var peerLosses: [LossSettings] { peer.map { $0.losses ?? losses } ?? [] }

    private static func duration(_ section: Section) -> Duration {
        let tokens = section.optional(
            "tokens", .integer(1...1_000_000_000_000_000), example: "400_000", "Length of training in tokens."
        )
        let steps = section.optional(
            "steps", .integer(TrainingOptions.Limits.steps), "Length of training in optimizer steps.")
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

extension TrainStage {
    static let modelOutput = 0, peerOutput = 1

    var outputs: [ArtifactDeclaration] {
        let student = ArtifactDeclaration(outputName, .checkpoint, file: "model")
        let peer = peer.map {
            ArtifactDeclaration($0.outputName, .checkpoint, file: "peer", keyPath: ["peer", "to"])
        }
        return [student] + (peer.map { [$0] } ?? [])
    }

    /// Held-out text does not affect the model unless a loss or schedule depends on the held-out loss.
    var observed: [Reference] { followsHeldOutLoss ? [] : validation?.corpus ?? [] }

    /// Version 3 trains whole steps until the requested number of tokens is reached, and a step's documents do not depend on
    /// `accumulate`.
    var version: Int {
        if case .steps = duration, batch.accumulate == 1 { return 2 }
        return 3
    }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { (seed ?? seeds.training) &+ UInt64(seedOffset) }

    func configuration(ofOutput index: Int, _ models: any ModelLookup) -> Configuration? {
        (index == Self.peerOutput ? peerModel : model)?.configuration(tokenizer: tokenizer, models)
    }
}
