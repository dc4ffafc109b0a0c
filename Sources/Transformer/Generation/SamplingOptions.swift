import Support

/// How the next token is chosen from the model's logits.
///
/// The steps apply in this order, that of Hugging Face's `generate`: repetition penalty, temperature, top-k, top-p (on
/// what top-k left, its probabilities summing to 1 again), min-p; then one token is drawn from what is left.
public struct SamplingOptions: Codable, Equatable, Sendable {
    /// Logits are divided by it. 0 takes the likeliest token, the lowest id on a tie, and ignores all but the
    /// repetition penalty.
    public var temperature: Float
    /// The likeliest tokens that stay; 0 keeps all.
    public var topK: Int
    /// The fewest likeliest tokens that hold at least this fraction of the probability stay (Holtzman et al. 2020,
    /// arXiv 1904.09751); 1 keeps all.
    public var topP: Float
    /// Tokens stay whose probability is at least this fraction of the likeliest one's (Nguyen et al. 2024, arXiv
    /// 2407.01082); 0 keeps all.
    public var minP: Float
    /// Logits of tokens in the prompt or the answer so far are divided by it when positive and multiplied when
    /// negative (Keskar et al. 2019, arXiv 1909.05858); 1 changes nothing.
    public var repetitionPenalty: Float
    /// Most tokens of an answer.
    public var maxNewTokens: Int

    /// The defaults are those of recipes and of `distill generate`: tokens are drawn from the model's distribution as it is.
    public init(
        temperature: Float = 1, topK: Int = 0, topP: Float = 1, minP: Float = 0, repetitionPenalty: Float = 1,
        maxNewTokens: Int = 128
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.maxNewTokens = maxNewTokens
    }

    /// The defaults of `distill chat`: one likely answer rather than a sample of the whole distribution.
    public static let chat = SamplingOptions(temperature: 0.8, topP: 0.95, maxNewTokens: 256)

    /// Always the likeliest token.
    public static func greedy(maxNewTokens: Int = 128) -> SamplingOptions {
        SamplingOptions(temperature: 0, maxNewTokens: maxNewTokens)
    }

    /// What each option accepts.
    public enum Limits {
        /// Divided by less, logits overflow; by more, every token is as likely as the others.
        public static let temperature = NumberLimits(0.001...1000, orZero: true)
        /// 0 for all tokens.
        public static let topK = 0...Int(Int32.max)
        /// The fraction of the probability that stays.
        public static let topP = NumberLimits.aboveZero
        /// At 1 the likeliest token alone would stay, or none when rounding has it.
        public static let minP = NumberLimits.belowOne
        /// 1 changes nothing.
        public static let repetitionPenalty = NumberLimits(0.001...1000)
        /// Tokens of an answer.
        public static let maxNewTokens = 1...1_048_576
    }

    /// What is wrong with the options, by the names of command-line flags; empty when they are valid.
    public var problems: [String] {
        [
            Limits.temperature.problem("temperature", temperature), Limits.topK.problem("top-k", topK),
            Limits.topP.problem("top-p", topP), Limits.minP.problem("min-p", minP),
            Limits.repetitionPenalty.problem("repetition-penalty", repetitionPenalty),
            Limits.maxNewTokens.problem("max-new-tokens", maxNewTokens),
        ].compactMap { $0 }
    }

    private enum CodingKeys: String, CodingKey {
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case minP = "min_p"
        case repetitionPenalty = "repetition_penalty"
        case maxNewTokens = "max_new_tokens"
    }
}
