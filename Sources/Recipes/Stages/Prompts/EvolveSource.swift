import Generation
import RecipeSchema
import Support

/// Harder and different variants of prompts.
struct EvolveSource: PromptSource {
    static let name = "evolve"
    static let summary = "Harder and different variants of prompts, which a model writes."
    static let usesModel = true

    private let parents: [Reference]
    private let limit: Int?
    private let rounds: Int
    private let operations: [(name: String, template: PromptTemplate)]
    private let keepsParents: Bool

    init(_ section: Section) {
        parents = section.value(
            "prompts", .oneOrMore(.reference(to: .corpus, as: .prompts)), example: "prompts",
            "JSONL files of prompts.")
        limit = section.optional("limit", .integer(1...), defaultText: "all", "Use only the first prompts.")
        rounds = section.value(
            "rounds", .integer(1...100), default: 1,
            "How often; each round rewrites the prompts of the one before.")
        let standard = EvolutionWriter.standardOperations.map {
            (name: $0.0, value: PromptTemplate(standard: $0.1))
        }
        operations = section.value(
            "operations", .named(.template(slots: EvolutionWriter.slots)), default: standard,
            defaultText: "deepen, constrain, concretise, reason, broaden",
            "The ways to rewrite a prompt, by name; one is drawn for each."
        ).map { ($0.name, $0.value) }
        keepsParents = section.value(
            "keep_prompts", .boolean, default: true, "Put the given prompts before the new ones.")
        if operations.isEmpty, section.sound("operations") {
            section.problem(
                at: "operations", "there is no operation", hint: "leave the key out for those of its own")
        }
    }

    func sizes(_ estimator: CostEstimator) -> PromptSizes {
        let given = estimator.extent(of: parents, asPrompts: true)
        let count = limit.map { min(Double($0), given.records) } ?? given.records
        return PromptSizes(
            prompts: count * Double(rounds + (keepsParents ? 1 : 0)),
            promptCharacters: given.mean * CorpusExtent.bytesPerToken, requests: count * Double(rounds),
            requestCharacters: 150 + given.mean * CorpusExtent.bytesPerToken)
    }

    func prompts(_ context: StageContext, asking model: ModelRequests?) throws -> PromptResult {
        var given = try parents.flatMap { try PromptRecord.read(context.url(of: $0)) }
        if let limit { given = Array(given.prefix(limit)) }
        var written = WrittenPrompts(earlier: given, similarity: 1)
        var (current, done) = (given, 0)
        for round in 0..<rounds where !current.isEmpty {
            let seed = context.seed(of: "evolution round", round)
            let writer = EvolutionWriter(parents: current, operations: operations, seed: seed)
            try model?.ask(writer, round: round, adding: &written)
            current = Array(written.prompts[done...])
            done = written.prompts.count
        }
        return PromptResult(
            prompts: keepsParents ? given + written.prompts : written.prompts, counts: written.counts)
    }
}
