import Generation
import RecipeSchema
import Support

/// The user's next turn in chats that end with an answer.
struct ContinueSource: PromptSource {
    /// How a model is made to write a turn of the user.
    enum Way: String, CaseIterable, Sendable {
        case instruction, template
    }

    static let name = "continue"
    static let summary =
        "The user's next turn in chats that end with an answer, which a model writes as the user."
    static let usesModel = true

    private let chats: [Reference]
    private let limit: Int?
    private let way: Way
    private let instruction: PromptTemplate

    init(_ section: Section) {
        chats = section.value(
            "chats", .oneOrMore(.reference(to: .corpus, as: .chats)), example: "corpus",
            "JSONL files of chats that end with an answer, such as generate makes.")
        limit = section.optional("limit", .integer(1...), defaultText: "all", "Use only the first chats.")
        let way: Way = section.value(
            "by", .choice, default: .instruction,
            "instruction: the model is shown the chat and asked for the user's next message. template: its chat template opens the "
                + "turn, as in magpie; for models on disk.")
        self.way = way
        instruction = section.value(
            "instruction", .template(slots: ContinuationWriter.slots),
            default: PromptTemplate(standard: ContinuationWriter.standardInstruction),
            defaultText: "a text of its own",
            only: section.condition(on: "by", way == .instruction, "with by: instruction"),
            "Asks for the turn.")
    }

    func refusal(of endpoint: Endpoint?) -> (problem: String, hint: String)? {
        guard endpoint != nil, way == .template else { return refusalOfTexts(by: endpoint) }
        return (
            "the chat template of a model behind an API is not at hand",
            "give by: instruction, or use a model on disk"
        )
    }

    func sizes(_ estimator: CostEstimator) -> PromptSizes {
        let given = estimator.extent(of: chats)
        let count = limit.map { min(Double($0), given.records) } ?? given.records
        let characters = given.mean * CorpusExtent.bytesPerToken
        return PromptSizes(
            prompts: count, promptCharacters: characters + 60, requests: count,
            requestCharacters: characters + Double(way == .instruction ? instruction.source.utf8.count : 0))
    }

    func prompts(_ context: StageContext, asking model: ModelRequests?) throws -> PromptResult {
        var given = try chats.flatMap { try AnsweredChat.read(context.url(of: $0)) }
        if let limit { given = Array(given.prefix(limit)) }
        // Different chats may go on with the same words.
        var written = WrittenPrompts(leastWords: 1, similarity: nil)
        try model?.ask(
            ContinuationWriter(given, instruction: way == .instruction ? instruction : nil), adding: &written)
        return PromptResult(prompts: written.prompts, counts: written.counts)
    }
}
