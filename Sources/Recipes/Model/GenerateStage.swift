import Generation
import Transformer

/// Lets a model answer prompts: a synthetic corpus.
public struct GenerateStage: Sendable, RecipeSection {
    public let model: Reference
    public let prompts: [Reference]
    /// Prompts used, from the start of the files; `nil` is all.
    public let limit: Int?
    /// Answers to each prompt.
    public let samples: Int
    /// Tokens of all answers after which no more are written.
    public let tokenBudget: Int?
    public let maxNewTokens: Int
    public let sampling: SamplingSettings
    /// A system turn put before every prompt.
    public let system: String?
    /// Which turns of chats are answered.
    public let answer: Synthesis.AnswerScope
    /// Texts that end an answer, besides the end of a turn.
    public let stop: [String]
    /// The stage's own seed; the recipe's where it is `nil`.
    public let seed: UInt64?
    let name: String

    init(_ section: Section) {
        model = section.modelReference("The model that answers.")
        prompts = section.value(
            "prompts", .oneOrMore(.reference(to: .corpus, as: .prompts)), example: "data/world/prompts.jsonl",
            "JSONL files of prompts.")
        limit = section.optional(
            "limit", .integer(1...), defaultText: "all", example: "1000", "Use only the first prompts.")
        samples = section.value(
            "samples", .integer(Synthesis.Options.samplesLimits), default: Synthesis.Options.standardSamples,
            example: "2", "Answers to each prompt.")
        tokenBudget = section.optional(
            "token_budget", .integer(1...), defaultText: "no bound", example: "100_000",
            "Tokens of all answers after which no more are written, the last one whole.")
        maxNewTokens = section.value(
            "max_new_tokens", .integer(SamplingOptions.Limits.maxNewTokens),
            default: SamplingOptions().maxNewTokens,
            example: "96",
            "Longest answer, in tokens.")
        sampling = section.section("sampling", SamplingSettings.self, "How tokens are drawn.")
        stop = section.value(
            "stop", .list(of: .text, atLeast: 0), default: [],
            "Texts that end an answer, besides the end of a turn.")
        system = section.optional(
            "system", .text,
            "A system turn before every prompt: instructions, examples or facts. It stays in the records.")
        answer = section.value(
            "answer", .choice, default: .last,
            "last answers the last turn of a chat; every answers all turns of its user, one after another.")
        seed = section.stageSeed()
        name = section.artefactName(default: "corpus")
        if samples > 1, sampling.isGreedy, section.sound("samples", "sampling") {
            section.problem(
                at: "samples", "\(samples) answers without randomness are one answer \(samples) times",
                hint: "set samples to 1, or the temperature above 0")
        }
    }
}

/// How the next token is drawn from the model's distribution.
public struct SamplingSettings: Sendable, RecipeSection {
    public let temperature, topP, minP, repetitionPenalty: Double
    /// Candidates kept; `nil` is all.
    public let topK: Int?

    /// Whether tokens are drawn from the distribution as it is.
    var isPlain: Bool {
        temperature == 1 && topP == 1 && minP == 0 && repetitionPenalty == 1 && topK == nil
    }

    /// Whether the likeliest token is always taken.
    var isGreedy: Bool { temperature == 0 || topK == 1 }

    init(_ section: Section) {
        let standard = SamplingOptions()
        temperature = section.value(
            "temperature", .number(SamplingOptions.Limits.temperature),
            default: decimal(standard.temperature),
            example: "0.9", "Divides the logits; 0 always takes the likeliest.")
        topP = section.value(
            "top_p", .number(SamplingOptions.Limits.topP), default: decimal(standard.topP), example: "0.95",
            "Keep the likeliest tokens whose shares add up to this.")
        topK = section.optional(
            "top_k", .integer(1...SamplingOptions.Limits.topK.upperBound), defaultText: "all",
            "Keep this many likeliest tokens.")
        minP = section.value(
            "min_p", .number(SamplingOptions.Limits.minP), default: decimal(standard.minP),
            "Keep tokens at least this likely relative to the likeliest.")
        repetitionPenalty = section.value(
            "repetition_penalty", .number(SamplingOptions.Limits.repetitionPenalty),
            default: decimal(standard.repetitionPenalty),
            "Divides the logits of tokens already there; 1 leaves them.")
    }
}

extension Section {
    /// The key of the stages that read a model; the recipe's teacher unless said otherwise.
    func modelReference(at key: String = "model", _ documentation: String) -> Reference {
        let type = KeyType<Reference>.reference(to: .checkpoint)
        if let teacher = decoding.teacher {
            return value(key, type, default: teacher, defaultText: "teacher", documentation)
        }
        return value(key, type, defaultText: "teacher", documentation)
    }

    func stageSeed() -> UInt64? {
        optional(
            "seed", .seed, defaultText: "the recipe's", inAddress: false, "The seed of this stage alone.")
    }
}
