import Generation
import RecipeSchema
import Support

/// New prompts in the manner of given ones.
struct SelfInstructSource: PromptSource {
    static let name = "self_instruct"
    static let summary = "New prompts in the manner of given ones, which a model writes in rounds."
    static let usesModel = true

    private let seeds: [Reference]
    private let count: Int
    private let examples: Int
    private let perRequest: Int
    private let requests: Int
    private let rounds: Int
    private let similarity: Double
    private let keepsSeeds: Bool
    private let instruction: PromptTemplate

    init(_ section: Section) {
        seeds = section.value(
            "seeds", .oneOrMore(.reference(to: .corpus, as: .prompts)),
            example: "data/everyday/prompts.jsonl",
            "JSONL files of the given prompts.")
        count = section.value("count", .integer(1...10_000_000), example: "500", "Prompts to write.")
        examples = section.value(
            "examples", .integer(1...100), default: 8, "Prompts that the model is shown in a request.")
        perRequest = section.value(
            "per_request", .integer(1...100), default: 4, "Prompts to ask for in a request.")
        requests = section.value(
            "requests", .integer(1...1_000_000), default: 64,
            "Requests of a round; the next round's examples are from its prompts, too.")
        rounds = section.value("rounds", .integer(1...10_000), default: 20, "The most rounds.")
        similarity = section.value(
            "similarity", .number(.fraction), default: 0.7,
            "The greatest ROUGE-L with an earlier prompt; a prompt that is more similar is left out.")
        keepsSeeds = section.value(
            "keep_seeds", .boolean, default: false, "Put the given prompts before the new ones.")
        instruction = section.value(
            "instruction", .template(slots: SelfInstructWriter.slots),
            default: PromptTemplate(standard: SelfInstructWriter.standardInstruction),
            defaultText: "a text of its own",
            "Asks for the prompts.")
    }

    func sizes(_ estimator: CostEstimator) -> PromptSizes {
        // About half of what is written is new.
        let needed = Double(count) / (0.5 * Double(perRequest))
        return PromptSizes(
            prompts: Double(count), requests: min(needed, Double(requests * rounds)),
            requestCharacters: 60 * Double(examples) + Double(instruction.source.utf8.count))
    }

    func prompts(_ context: StageContext, asking model: ModelRequests?) throws -> PromptResult {
        let given = try seeds.flatMap { try PromptRecord.read(context.url(of: $0)) }
        var written = WrittenPrompts(earlier: given, similarity: similarity)
        for round in 0..<rounds where written.prompts.count < count {
            let before = written.prompts.count
            let writer = SelfInstructWriter(
                seeds: given, written: written.prompts, round: round, requests: requests, examples: examples,
                count: perRequest, instruction: instruction, seed: context.seed)
            try model?.ask(writer, round: round, adding: &written)
            // A model that has nothing new to say is not asked again.
            if written.prompts.count == before { break }
        }
        let new = Array(written.prompts.prefix(count))
        return PromptResult(prompts: keepsSeeds ? given + new : new, counts: written.counts)
    }
}
