import Evaluation
import Generation
import RecipeSchema
import Support
import Tokenization
import Transformer

/// A way of judging answers: a section of the stage `judge`. A way is added by conforming a type and naming it in
/// `JudgeStage.methods`.
protocol JudgeMethod: RecipeSection, Sendable {
    /// The key of the section.
    static var name: String { get }
    /// One line for the key reference.
    static var summary: String { get }
    /// The least score of an answer that is kept, where the stage gives none.
    static var standardLeast: Double? { get }

    /// Files that answers are compared with.
    var references: [Reference] { get }
    /// The model that judges, where it is behind an API.
    var endpoint: EndpointSettings? { get }
    /// The estimated cost of judging the answers of a corpus.
    func estimate(_ corpus: CorpusExtent, _ estimator: CostEstimator) -> CostEstimate
    /// Judges a corpus.
    ///
    /// - Parameters:
    ///   - context: where the stage works
    ///   - run: judges with what it is given, and writes the outputs
    func judge(_ context: StageContext, _ run: (any AnswerJudge) throws -> StageResult) throws -> StageResult
}

extension JudgeMethod {
    static var standardLeast: Double? { nil }
    var references: [Reference] { [] }
    var endpoint: EndpointSettings? { nil }
}

/// A model that is asked for its judgement: keys that scores and comparisons have.
struct JudgeModel: Sendable {
    let model: Reference
    let endpoint: EndpointSettings?
    let template: PromptTemplate
    let system: String?
    let sampling: SamplingOptions

    /// - Parameters:
    ///   - slots: of the template
    ///   - standard: the template where none is given
    init(_ section: Section, slots: [String], standard: String) {
        model = section.answererReference("The model that judges; it may be an endpoint.")
        endpoint = section.context.endpoint(of: model)
        let template = section.value(
            "template", .template(slots: slots), default: PromptTemplate(standard: standard),
            defaultText: "a text of its own", "What the judge is asked.")
        if section.sound("template"), let missing = slots.first(where: { !template.slots.contains($0) }) {
            section.problem(
                at: "template", "the template has no slot {\(missing)}",
                hint: "slots are \(slots.map { "{\($0)}" }.joined(separator: ", "))")
        }
        self.template = template
        system = section.optional("system", .text, "A system turn before each request to the judge.")
        sampling = SamplingOptions(
            temperature: section.value(
                "temperature", .float(SamplingOptions.Limits.temperature), default: 0,
                "Divides the judge's logits; 0 is greedy decoding."),
            maxNewTokens: section.value(
                "max_new_tokens", .integer(SamplingOptions.Limits.maxNewTokens), default: 256,
                "Maximum length of what the judge writes on an answer, in tokens."))
    }

    /// Requests to the judge: each has what a template has around its slots.
    func estimate(requests: Double, characters: Double, _ estimator: CostEstimator) -> CostEstimate {
        estimator.requests(
            to: model, at: endpoint?.endpoint, requests: requests,
            characters: characters + Double(template.source.utf8.count), maxNewTokens: sampling.maxNewTokens)
    }

    /// Runs a judge that asks this model, and adds to its result what an endpoint was asked.
    func judge(
        _ context: StageContext, _ judge: (_ name: String, @escaping ModelAsking) -> any AnswerJudge,
        _ run: (any AnswerJudge) throws -> StageResult
    ) throws -> StageResult {
        let requests = try ModelRequests(
            of: model, at: endpoint, sampling: sampling, context: context, skipsLong: true)
        var asked: Synthesis.Summary?
        let made = judge(endpoint?.endpoint.model ?? model.name) { messages in
            let answers = try requests.answers(to: messages, file: "judgements.jsonl")
            asked = answers.summary
            return try ModelAnswer.read(answers.url, prompts: messages.count)
        }
        var result = try run(made)
        if let skipped = asked?.skippedPrompts, skipped > 0 {
            result.summary += ", \(skipped) requests too long for the judge"
        }
        if let endpoint = asked?.endpoint {
            result.summary = ([result.summary] + endpoint.parts).joined(separator: ", ")
            result.metrics.merge(endpoint.metrics) { $1 }
        }
        return result
    }
}
