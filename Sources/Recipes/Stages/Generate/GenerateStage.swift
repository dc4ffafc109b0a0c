import Generation
import RecipeSchema
import Support
import Transformer

/// Generates a synthetic corpus: a model's answers to prompts.
struct GenerateStage: Stage {
    static let name = "generate"
    static let summary = "Generates a synthetic corpus: a model's answers to prompts."
    static let metricNames = ["answers"]

    let model: Reference
    /// The model, where it is behind an API.
    let endpoint: EndpointSettings?
    let prompts: [Reference]
    /// Prompts used, from the start of the files; `nil` is all.
    let limit: Int?
    /// Answers per prompt.
    let samples: Int
    /// Tokens of all answers after which no more are written.
    let tokenBudget: Int?
    let sampling: SamplingOptions
    /// A system turn put before every prompt.
    let system: String?
    /// Which turns of chats are answered.
    let answer: Synthesis.AnswerScope
    /// Stop strings, in addition to the end of a turn.
    let stop: [String]
    /// The most probable tokens at each token of an endpoint's answers that stay in the records; nil for none.
    let topLogprobs: Int?
    /// Whether they are asked for, if only with a value that is refused.
    let keepsLogprobs: Bool
    /// The stage's own seed; the recipe's where it is `nil`.
    let seed: UInt64?
    let outputName: String

    init(_ section: Section) {
        model = section.answererReference("The model that answers; it may be an endpoint.")
        endpoint = section.context.endpoint(of: model)
        prompts = section.value(
            "prompts", .oneOrMore(.reference(to: .corpus, as: .prompts)), example: "data/world/prompts.jsonl",
            "JSONL files of prompts.")
        limit = section.optional(
            "limit", .integer(1...), defaultText: "all", example: "1000", "Use only the first prompts.")
        samples = section.value(
            "samples", .integer(Synthesis.Options.samplesLimits), default: Synthesis.Options.standardSamples,
            example: "2", "Answers per prompt.")
        tokenBudget = section.optional(
            "token_budget", .integer(1...), defaultText: "no bound", example: "100_000",
            "Stop once all answers together have this many tokens; the last one is completed.")
        let maxNewTokens = section.value(
            "max_new_tokens", .integer(SamplingOptions.Limits.maxNewTokens),
            default: SamplingOptions().maxNewTokens,
            example: "96",
            "Maximum length of an answer, in tokens.")
        var sampling: SamplingOptions = section.section("sampling", .sampling, "How tokens are drawn.")
        sampling.maxNewTokens = maxNewTokens
        self.sampling = sampling
        stop = section.value(
            "stop", .list(of: .text, atLeast: 0), default: [],
            "Stop strings, in addition to the end of a turn.")
        system = section.optional(
            "system", .text,
            "A system turn before every prompt: instructions, examples or facts. It stays in the records.")
        answer = section.value(
            "answer", .choice, default: .last,
            "last: answer the last user turn of a chat. every: answer all user turns in order.")
        topLogprobs = section.optional(
            "top_logprobs", .integer(Synthesis.Options.topLogprobsLimits), defaultText: "none",
            only: section.condition(
                on: "model", endpoint?.endpoint.route == .chat, "with an endpoint on the route chat"),
            "Keep the most probable tokens at each token of the answers in the records, this many: a stage label with recorded makes "
                + "signals of them."
        )
        keepsLogprobs = topLogprobs != nil || !section.sound("top_logprobs")
        seed = section.stageSeed()
        outputName = section.artifactName(default: "corpus")
        if samples > 1, sampling.isGreedy, section.sound("samples", "sampling") {
            section.problem(
                at: "samples", "\(samples) answers without randomness are one answer \(samples) times",
                hint: "set samples to 1, or the temperature above 0")
        }
    }

    var planNote: String? {
        endpoint.map { _ in
            topLogprobs.map {
                "the text of \(model.name), with the \($0) most probable tokens at each of its tokens"
            }
                ?? "the text of \(model.name) is used, not its token distributions"
        }
    }

    func requireEnvironment() throws { try endpoint?.endpoint.requireKeys() }

    var outputs: [ArtifactDeclaration] { [.init(outputName, .corpus, file: "corpus.jsonl")] }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { seed ?? seeds.recipe }
}
