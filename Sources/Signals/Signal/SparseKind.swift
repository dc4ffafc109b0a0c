import Support

/// How a sparse signal is taken from a distribution, and so how it is read.
public enum SparseKind: Codable, Equatable, Sendable {
    /// The k likeliest tokens with their probabilities. The remaining mass is one bucket, the tail.
    case topK(k: Int)
    /// The head: at most `head` of the likeliest tokens, those no less likely than 1/draws, with their probabilities. The
    /// tail: of `draws` samples those that fall on other tokens, at least one. Weights are unbiased: E[w] = p.
    ///
    /// Random-sampling distillation, arXiv 2503.16870, which has no head.
    case sampled(head: Int, draws: Int)

    /// The accepted values of `k`, `head` and `draws`: more entries would take more room than a whole distribution.
    public enum Limits {
        /// Of top-k's k.
        public static let k = 1...65_536
        /// Of the tokens stored with their probability.
        public static let head = 0...65_536
        /// Of the samples.
        public static let draws = 1...65_536
    }

    /// The defaults of labelling, as a command and in recipes.
    public enum Standard {
        /// Of top-k's k.
        public static let k = 64
        /// Of the tokens stored with their probability.
        public static let head = 8
        /// Of the samples.
        public static let draws = 64
    }

    /// What is wrong with the numbers, for a message; nil when they are valid.
    public var problem: String? {
        switch self {
        case .topK(let k): Limits.k.problem("k", k)
        case .sampled(let head, let draws):
            Limits.head.problem("head", head) ?? Limits.draws.problem("draws", draws)
        }
    }

    /// The name in recipes and manifests.
    public var name: String {
        switch self {
        case .topK: "top_k"
        case .sampled: "sampled"
        }
    }
}

extension SparseKind: CustomStringConvertible {
    /// Name and parameters, for messages.
    public var description: String {
        switch self {
        case .topK(let k): "top_k (k \(k))"
        case .sampled(let head, let draws): "sampled (head \(head), draws \(draws))"
        }
    }
}
