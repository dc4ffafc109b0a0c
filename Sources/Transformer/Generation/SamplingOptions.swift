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
    /// The fewest likeliest tokens that hold at least this share of the probability stay (Holtzman et al. 2020,
    /// arXiv 1904.09751); 1 keeps all.
    public var topP: Float
    /// Tokens stay whose probability is at least this share of the likeliest one's (Nguyen et al. 2024, arXiv
    /// 2407.01082); 0 keeps all.
    public var minP: Float
    /// Logits of tokens in the prompt or the answer so far are divided by it when positive and multiplied when
    /// negative (Keskar et al. 2019, arXiv 1909.05858); 1 changes nothing.
    public var repetitionPenalty: Float
    /// Most tokens of an answer.
    public var maxNewTokens: Int

    public init(
        temperature: Float = 1, topK: Int = 0, topP: Float = 1, minP: Float = 0, repetitionPenalty: Float = 1,
        maxNewTokens: Int = 256
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.maxNewTokens = maxNewTokens
    }

    /// Always the likeliest token.
    public static func greedy(maxNewTokens: Int = 256) -> SamplingOptions {
        SamplingOptions(temperature: 0, maxNewTokens: maxNewTokens)
    }

    /// What is wrong with the options, in words that name them as the command does; empty when they are sound.
    public var problems: [String] {
        var problems: [String] = []
        func require(_ holds: Bool, _ problem: String) {
            if !holds { problems.append(problem) }
        }
        require(
            temperature == 0 || 1e-3...1e3 ~= temperature,
            "temperature \(temperature) is neither 0 (the likeliest token) nor between 0.001 and 1000")
        require(topK >= 0, "top-k \(topK) is negative; 0 keeps every token")
        require(topP > 0 && topP <= 1, "top-p \(topP) is not above 0 and at most 1")
        require(minP >= 0 && minP < 1, "min-p \(minP) is not between 0 and 1")
        require(
            repetitionPenalty > 0 && repetitionPenalty.isFinite,
            "repetition penalty \(repetitionPenalty) is not positive; 1 changes nothing")
        require(maxNewTokens > 0, "max-new-tokens \(maxNewTokens) is not positive")
        return problems
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
