import Generation
import RecipeSchema
import Support

/// Turns of the user that an aligned model writes by itself, from its chat template's opening of one.
struct MagpieSource: PromptSource {
    static let name = "magpie"
    static let summary =
        "Turns of the user that an aligned model writes by itself, given its chat template's opening of one (Magpie)."
    static let usesModel = true

    private let count: Int
    private let system: String?
    private let requests: Int
    private let rounds: Int
    private let leastWords: Int
    private let similarity: Double
    private let opening: String?
    let stop: [String]

    init(_ section: Section) {
        count = section.value("count", .integer(1...10_000_000), example: "500", "Prompts to write.")
        system = section.optional(
            "system", .text,
            "A system turn before the user's, which stays in the prompts: it narrows what the user asks about."
        )
        requests = section.value(
            "requests", .integer(1...1_000_000), default: 64, "Requests of a round.")
        rounds = section.value("rounds", .integer(1...10_000), default: 100, "The most rounds.")
        leastWords = section.value(
            "min_words", .integer(1...1000), default: 3, "Prompts with fewer words are left out.")
        similarity = section.value(
            "similarity", .number(.fraction), default: 0.7,
            "The greatest ROUGE-L with an earlier prompt; a prompt that is more similar is left out.")
        opening = section.optional(
            "opening", .text, example: "\"<|im_start|>user\\n\"",
            "For an endpoint with route: completions, whose template is not at hand: the text up to where the user's content begins."
        )
        stop = section.value(
            "stop", .oneOrMore(.text), default: [], defaultText: "none", example: "\"<|im_end|>\"",
            "Strings that end the turn, where the model or the endpoint does not end it by itself.")
        if opening != nil, system != nil, section.sound("opening", "system") {
            section.problem(
                at: "system", "the opening is the whole text before the user's content",
                hint: "write the system turn into it")
        }
    }

    func refusal(of endpoint: Endpoint?) -> (problem: String, hint: String)? {
        switch (endpoint?.route, opening) {
        case (nil, nil), (.completions?, .some): nil
        case (nil, .some):
            (
                "opening is for an endpoint",
                "leave it out: the chat template of a model on disk opens the turn"
            )
        case (.completions?, nil):
            (
                "the chat template of a model behind an API is not at hand",
                "give opening, the text up to where the user's content begins"
            )
        case (.chat?, _):
            (
                "an endpoint with route: chat writes the assistant's turns alone",
                "give the endpoint route: completions and magpie an opening, or use a model on disk"
            )
        }
    }

    func sizes(_ estimator: CostEstimator) -> PromptSizes {
        // About half of what is written is new and whole.
        PromptSizes(
            prompts: Double(count), requests: min(2 * Double(count), Double(requests) * Double(rounds)),
            requestCharacters: 60 + Double(system?.utf8.count ?? 0))
    }

    func prompts(_ context: StageContext, asking model: ModelRequests?) throws -> PromptResult {
        var written = WrittenPrompts(leastWords: leastWords, similarity: similarity)
        for round in 0..<rounds where written.prompts.count < count {
            let before = written.prompts.count
            let writer = MagpieWriter(count: requests, system: system, opening: opening, round: round)
            // Requests are the same in each round.
            try model?.ask(
                writer, round: round, seed: context.seed(of: "magpie round", round), adding: &written)
            // A model that has nothing new to say is not asked again.
            if written.prompts.count == before { break }
        }
        return PromptResult(prompts: Array(written.prompts.prefix(count)), counts: written.counts)
    }
}
