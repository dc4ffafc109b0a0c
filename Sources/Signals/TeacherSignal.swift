import Support
import Tensors
import Transformer

// M kept positions of a batch, V vocabulary, C teacher's width.

/// What a teacher says about the M kept positions of a batch.
public enum TeacherSignal {
    /// The whole distribution, from the teacher's final hidden states [M, C] and head [V, C].
    case dense(hidden: Tensor, head: OutputHead)
    /// The same of several teachers.
    case mixture([(hidden: Tensor, head: OutputHead)], TeacherMixture)
    /// A few probabilities for each position, read from a cache.
    case sparse(SparseSignal)

    /// Final hidden states and heads, where whole distributions are computed from them.
    package var members: [(hidden: Tensor, head: OutputHead)] {
        switch self {
        case .dense(let hidden, let head): [(hidden, head)]
        case .mixture(let members, _): members
        case .sparse: []
        }
    }

    package var mixture: TeacherMixture {
        if case .mixture(_, let mixture) = self { mixture } else { .one }
    }

    /// Entries of the sparse position that has most; 0 for a dense signal.
    package var mostEntries: Int {
        switch self {
        case .dense, .mixture: 0
        case .sparse(let signal): signal.mostEntries
        }
    }
}

/// How a sparse signal was taken, and so how it must be read.
public enum SparseKind: Codable, Equatable, Sendable {
    /// The k likeliest tokens with their probabilities; the rest of the mass is one bucket, the tail.
    case topK(k: Int)
    /// At most `head` of the likeliest tokens, those no less likely than 1/draws, with their probabilities; and of `draws`
    /// samples those that fall to the others, at least one. Weights are unbiased: E[w] = p (random-sampling distillation,
    /// arXiv 2503.16870, which has no head).
    case sampled(head: Int, draws: Int)

    /// What `k`, `head` and `draws` accept: more entries than this would take more room than a whole distribution.
    public enum Limits {
        public static let k = 1...65_536
        public static let head = 0...65_536
        public static let draws = 1...65_536
    }

    /// What `label` stores unless told otherwise, as a command and in recipes.
    public enum Standard {
        public static let k = 64
        public static let head = 8
        public static let draws = 64
    }

    /// What is wrong with the numbers, in words; nil when they are sound.
    public var problem: String? {
        switch self {
        case .topK(let k): Limits.k.problem("k", k)
        case .sampled(let head, let draws):
            Limits.head.problem("head", head) ?? Limits.draws.problem("draws", draws)
        }
    }

    public var name: String {
        switch self {
        case .topK: "top_k"
        case .sampled: "sampled"
        }
    }
}

/// Sparse distributions of M positions, end to end.
public struct SparseSignal: Sendable {
    public let kind: SparseKind
    /// Temperature the teacher's softmax had.
    public let temperature: Float

    /// What a temperature accepts. A divergence counts T² times, so that rounding of the logits is magnified as much: beyond
    /// 10⁴ a Float's seven digits are noise, and below 10⁻³ all mass is on one token.
    public static let temperatureLimits = NumberLimits(0.001...10_000)

    /// Bounds of each position's entries: M + 1 values.
    public var offsets: [Int] = [0]
    /// Token ids of the entries.
    public var ids: [Int32] = []
    /// Probabilities (top-k) or unbiased weights that sum to 1 (sampled).
    public var weights: [Float] = []
    /// Mass of all tokens without an entry, one for each position of a top-k signal: kept apart, since 1 − Σ weights
    /// is mere rounding where the teacher is sure. Empty for sampled.
    public var tails: [Float] = []
    /// Entropy of the whole distribution in nats, one for each position; sampled signals subtract it, so that their
    /// expected loss is the divergence and not the cross-entropy. Empty for top-k.
    public var entropies: [Float] = []
    /// How many of a position's entries are exact, the first ones; of a sampled signal alone.
    package var heads: [Int] = []

    public init(kind: SparseKind, temperature: Float) {
        self.kind = kind
        self.temperature = temperature
    }

    public var positions: Int { offsets.count - 1 }

    /// Entries of the position that has most.
    package var mostEntries: Int { zip(offsets, offsets.dropFirst()).map { $1 - $0 }.max() ?? 0 }
}
