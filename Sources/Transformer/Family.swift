import Tensors

/// A family of models: the switches of the decoder that its models have in common, and the choices that they may make.
///
/// What a single model chooses is in `Configuration`. Families are values, so that the decoder needs no list of them; those
/// whose checkpoints can be read are in `Checkpoints`, a file each.
///
///     let family = Family(name: "mine", feedForward: .gated(.geluTanh), queryKeyNorm: .eachHead)
public struct Family: Equatable, Sendable {
    /// The name in messages, such as "gemma2".
    public let name: String
    /// What is between the feed-forward's projections.
    public let feedForward: FeedForward
    /// The norms of the residual stream.
    public let norm: Norm
    /// Whether attention and the feed-forward read the normed residual stream, or the stream itself.
    public let normsInputs: Bool
    /// Whether attention's and the feed-forward's outputs are normed before they join the residual stream.
    public let normsOutputs: Bool
    /// The norms of queries and keys; nil for none.
    public let queryKeyNorm: QueryKeyNorm?
    /// The projections that have biases.
    public let biases: Biases
    /// The position embedding.
    public let positions: Positions
    /// Whether embeddings are multiplied by √width.
    public let scalesEmbeddings: Bool
    /// Whether heads may be grouped, or together be of another width than the model.
    public let hasFreeHeads: Bool
    /// The parts of `Configuration` that the family's models may set.
    public let choices: Choices

    /// A family by its switches; those left out make a plain Llama.
    public init(
        name: String, feedForward: FeedForward = .gated(.silu), norm: Norm = .rms, normsInputs: Bool = true,
        normsOutputs: Bool = false, queryKeyNorm: QueryKeyNorm? = nil, biases: Biases = .chosen,
        positions: Positions = .rotary, scalesEmbeddings: Bool = false, hasFreeHeads: Bool = true,
        choices: Choices = []
    ) {
        self.name = name
        self.feedForward = feedForward
        self.norm = norm
        self.normsInputs = normsInputs
        self.normsOutputs = normsOutputs
        self.queryKeyNorm = queryKeyNorm
        self.biases = biases
        self.positions = positions
        self.scalesEmbeddings = scalesEmbeddings
        self.hasFreeHeads = hasFreeHeads
        self.choices = choices
    }

    /// Llama 1 to 3, TinyLlama and models of the same shape (Touvron et al. 2023, arXiv 2307.09288): no switch is set.
    public static let llama = Family(name: "llama", choices: .attentionBiases)

    /// A feed-forward: down(activation(gate(x)) · up(x)), or down(activation(up(x))).
    public enum FeedForward: Equatable, Sendable {
        /// With the activation of the gate.
        case gated(Gate)
        /// Without a gate.
        case plain(Activation)

        /// Matrices of [width, feed-forward width] or its transpose: gate, up and down, or up and down.
        public var matrices: Int {
            switch self {
            case .gated: 3
            case .plain: 2
            }
        }
    }

    /// A norm of the residual stream.
    public enum Norm: Sendable {
        /// RMSNorm, with a weight.
        case rms
        /// Layer normalization, with a weight and a bias.
        case layer
    }

    /// What of queries, and of keys, is normed together.
    public enum QueryKeyNorm: Sendable {
        /// Each head by itself, all with one weight of a head's width.
        case eachHead
        /// All heads, with a weight of their width.
        case allHeads
    }

    /// The projections that have biases.
    public enum Biases: Sendable {
        /// Those of attention, or none, as `Configuration.attentionBias` says.
        case chosen
        /// Queries, keys and values in all models, and nothing else.
        case queryKeyValue
        /// All but the head, in all models.
        case all
    }

    /// Position embeddings.
    public enum Positions: Sendable {
        /// Rotary embedding of queries and keys.
        case rotary
        /// A learned vector for each position is added to the embedding.
        case learned
    }

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
        /// `Configuration.multipliers`.
        public static let multipliers = Choices(rawValue: 256)
        /// `Configuration.parallelResidual`.
        public static let parallelResidual = Choices(rawValue: 512)
        /// `Configuration.experts`, which every model of the family then has.
        public static let experts = Choices(rawValue: 1024)
    }
}

/// Encoded as its name.
extension Family: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
