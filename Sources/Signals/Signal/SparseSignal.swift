import Support

/// Sparse distributions of M positions, concatenated.
///
/// The entries of position i are `ids[offsets[i]..<offsets[i + 1]]`, with their probabilities in `weights`.
public struct SparseSignal: Sendable {
    /// How the distributions were sampled.
    public let kind: SparseKind
    /// Temperature of the teacher's softmax.
    public let temperature: Float

    /// The accepted temperatures. A divergence counts T² times, so that rounding of the logits is magnified as much: beyond
    /// 10⁴ a Float's seven digits are noise, and below 10⁻³ all mass is on one token.
    public static let temperatureLimits = NumberLimits(0.001...10_000)

    /// Bounds of each position's entries: M + 1 values.
    public var offsets: [Int] = [0]
    /// Token ids of the entries.
    public var ids: [Int32] = []
    /// Probabilities (top-k) or unbiased weights that sum to 1 (sampled).
    public var weights: [Float] = []
    /// Mass of all tokens without an entry, one for each position of a top-k signal. It is stored because 1 − Σ weights
    /// is only rounding error where the teacher is certain. Empty for sampled.
    public var tails: [Float] = []
    /// Entropy of the whole distribution in nats, one for each position. Losses subtract it from sampled signals, so that the
    /// expected loss is the divergence and not the cross-entropy. Empty for top-k.
    public var entropies: [Float] = []
    /// Number of a position's entries that are exact, the first ones; of a sampled signal alone.
    package var heads: [Int] = []

    /// A signal without positions.
    public init(kind: SparseKind, temperature: Float) {
        self.kind = kind
        self.temperature = temperature
    }

    /// Number of positions, M.
    public var positions: Int { offsets.count - 1 }

    /// The largest number of entries of a position.
    package var mostEntries: Int { zip(offsets, offsets.dropFirst()).map { $1 - $0 }.max() ?? 0 }
}
