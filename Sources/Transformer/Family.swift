import Tensors

/// A family of models: the switches of the decoder that its models have in common, and the choices that they may make.
///
/// What a single model chooses is in `Configuration`. Families are values, so that the decoder needs no list of them; those
/// whose checkpoints can be read are in `Checkpoints`, a file each.
///
///     let family = Family(name: "mine", gate: .geluTanh, normsHeads: true)
public struct Family: Equatable, Sendable {
    /// The name in messages, such as "gemma2".
    public let name: String
    /// The activation of the feed-forward's gate.
    public let gate: Gate
    /// Whether attention's and the feed-forward's outputs are normed before they join the residual stream.
    public let normsOutputs: Bool
    /// Whether queries and keys are normed, head by head.
    public let normsHeads: Bool
    /// Whether queries, keys and values have biases in all models, and attention's output in none.
    public let biasesQueryKeyValue: Bool
    /// Whether embeddings are multiplied by √width.
    public let scalesEmbeddings: Bool
    /// The parts of `Configuration` that the family's models may set.
    public let choices: Choices

    /// A family by its switches; those left out make a plain Llama.
    public init(
        name: String, gate: Gate = .silu, normsOutputs: Bool = false, normsHeads: Bool = false,
        biasesQueryKeyValue: Bool = false, scalesEmbeddings: Bool = false, choices: Choices = []
    ) {
        self.name = name
        self.gate = gate
        self.normsOutputs = normsOutputs
        self.normsHeads = normsHeads
        self.biasesQueryKeyValue = biasesQueryKeyValue
        self.scalesEmbeddings = scalesEmbeddings
        self.choices = choices
    }

    /// Llama 1 to 3, TinyLlama and models of the same shape (Touvron et al. 2023, arXiv 2307.09288): no switch is set.
    public static let llama = Family(name: "llama", choices: .attentionBiases)

    /// Parts of a model's configuration that not every family has.
    public struct Choices: OptionSet, Sendable {
        /// One bit for each choice.
        public let rawValue: Int
        /// Choices by their bits.
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// `Configuration.queryScalar`.
        public static let queryScalar = Choices(rawValue: 1)
        /// `Configuration.attentionSoftCap` and `logitSoftCap`.
        public static let softCaps = Choices(rawValue: 2)
        /// `Configuration.slidingWindow`.
        public static let slidingWindow = Choices(rawValue: 4)
        /// A window in some layers only.
        public static let layersWithoutWindow = Choices(rawValue: 8)
        /// `SlidingWindow.ropeTheta`.
        public static let windowedRopeBase = Choices(rawValue: 16)
        /// `Configuration.attentionBias`.
        public static let attentionBiases = Choices(rawValue: 32)
        /// `Configuration.rotaryDimension`.
        public static let partialRotary = Choices(rawValue: 64)
        /// `Configuration.layersWithoutRope`.
        public static let layersWithoutRope = Choices(rawValue: 128)
    }
}

/// Encoded as its name.
extension Family: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
