import Generation
import RecipeSchema
import Support
import Transformer

/// Makes prompts to be answered: from templates, tables and documents, or written by a model.
struct PromptsStage: Stage {
    static let name = "prompts"
    static let summary =
        "Makes prompts to be answered: from templates, tables and documents, or written by a model."
    static let metricNames = ["prompts", "requests", "similar"]

    /// nil after a problem.
    let source: (any PromptSource)?
    /// The model that writes; nil for a source that needs none.
    let model: Reference?
    /// The model, where it is behind an API.
    let endpoint: EndpointSettings?
    let sampling: SamplingOptions
    let seed: UInt64?
    let outputName: String

    /// The ways of making prompts, in the order of the key reference.
    private static let sources: [any PromptSource.Type] = [
        GridSource.self, TableSource.self, QuestionsSource.self, SelfInstructSource.self, EvolveSource.self,
        MagpieSource.self, ContinueSource.self,
    ]

    private static func read<Source: PromptSource>(_ type: Source.Type, _ section: Section) -> (
        any PromptSource
    )? {
        section.optional(Source.name, .section(type), Source.summary)
    }

    init(_ section: Section) {
        source = Self.sources.compactMap { Self.read($0, section) }.first
        section.requireOne(
            of: Self.sources.map { $0.name }, missing: "nothing says where the prompts come from",
            several: "prompts come from one of", hint: "several stages make several files")
        let usesModel = source.map { type(of: $0).usesModel } ?? true
        let condition = KeyCondition(
            holds: usesModel,
            text: "with \(Self.sources.filter { $0.usesModel }.map { $0.name }.joined(separator: ", "))")
        let documentation = "The model that writes; it may be an endpoint."
        if usesModel {
            model = section.answererReference(documentation)
        } else {
            model = section.optional(
                "model", .reference(to: .checkpoint, allowsEndpoints: true), defaultText: "teacher",
                only: condition, documentation)
        }
        endpoint = section.context.endpoint(of: model)
        if let source, section.sound(type(of: source).name),
            let refusal = source.refusal(of: endpoint?.endpoint)
        {
            section.problem(at: type(of: source).name, refusal.problem, hint: refusal.hint)
        }
        let maxNewTokens = section.value(
            "max_new_tokens", .integer(SamplingOptions.Limits.maxNewTokens), default: 256, only: condition,
            "Maximum length of what the model writes at once, in tokens.")
        var sampling: SamplingOptions = section.section("sampling", .sampling, "How tokens are drawn.")
        sampling.maxNewTokens = maxNewTokens
        self.sampling = sampling
        seed = section.stageSeed()
        outputName = section.artifactName(default: "prompts")
    }

    var outputs: [ArtifactDeclaration] { [.init(outputName, .corpus, file: "prompts.jsonl")] }

    /// 3: prompts that a model wrote say which, and how it was sampled.
    var version: Int { 3 }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { seed ?? seeds.recipe }

    func requireEnvironment() throws { try endpoint?.endpoint.requireKeys() }
}
