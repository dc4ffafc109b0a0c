import Generation
import RecipeSchema
import Support

/// A way of making prompts: a section of the stage `prompts`. A way is added by conforming a type and naming it in
/// `PromptsStage.sources`.
protocol PromptSource: RecipeSection, Sendable {
    /// The key of the section.
    static var name: String { get }
    /// One line for the key reference.
    static var summary: String { get }
    /// Whether a model writes the prompts.
    static var usesModel: Bool { get }

    /// Strings that end what the model writes.
    var stop: [String] { get }
    /// Why the source cannot ask a model behind an API, or that on disk for nil; nil if it can.
    func refusal(of endpoint: Endpoint?) -> (problem: String, hint: String)?

    /// What the prompts and the requests to the model are estimated to be.
    func sizes(_ estimator: CostEstimator) -> PromptSizes
    /// Makes the prompts.
    func prompts(_ context: StageContext, asking model: ModelRequests?) throws -> PromptResult
}

extension PromptSource {
    var stop: [String] { [] }

    func refusal(of endpoint: Endpoint?) -> (problem: String, hint: String)? { refusalOfTexts(by: endpoint) }

    /// The refusal of a source whose requests are chats.
    func refusalOfTexts(by endpoint: Endpoint?) -> (problem: String, hint: String)? {
        guard Self.usesModel, let endpoint, endpoint.route == .completions else { return nil }
        return (
            "\(Self.name) asks in chats, but the endpoint's route completions continues texts",
            "ask on the route chat"
        )
    }
}

/// Estimated numbers of prompts and of requests to a model.
struct PromptSizes {
    var prompts = 0.0
    /// Characters of a prompt.
    var promptCharacters = 60.0
    var requests = 0.0
    /// Characters of a request.
    var requestCharacters = 0.0
}

extension StageContext {
    /// A seed for one of several rounds.
    func seed(of purpose: String, _ round: Int) -> UInt64 {
        var stream = RandomStream(seed: seed, purpose: purpose, index: UInt64(round))
        return stream.next()
    }
}

/// Prompts, and what to say of how they came about.
struct PromptResult {
    var prompts: [PromptRecord]
    var counts: WrittenPrompts.Counts?
}

extension KeyType<PromptTemplate> {
    /// A text with slots in braces.
    ///
    /// - Parameter slots: the slots that it may have; nil for any
    static func template(slots: [String]? = nil) -> Self {
        let summary =
            "text"
            + (slots.map { " with \($0.map { "{\($0)}" }.joined(separator: ", "))" } ?? " with {slots}")
        return Self(
            summary: summary, placeholder: { Self.empty },
            decode: { yaml, context in
                guard case .scalar(let text, _) = yaml.content, !text.isEmpty else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location, hint: "expected: \(summary)")
                    return nil
                }
                do {
                    let template = try PromptTemplate(text)
                    if let slots, let other = template.slots.first(where: { !slots.contains($0) }) {
                        context.problems.add(
                            "there is no slot {\(other)} here", at: yaml.location,
                            hint:
                                "slots are \(slots.map { "{\($0)}" }.joined(separator: ", ")); a brace itself is written twice"
                        )
                        return nil
                    }
                    return (template, .text(text))
                } catch {
                    let refusal = error as? UserError
                    context.problems.add(
                        refusal?.problem ?? "\(error)", at: yaml.location, hint: refusal?.hint)
                    return nil
                }
            }, canonical: { .text($0.source) })
    }

    private static var empty: PromptTemplate {
        guard let template = try? PromptTemplate("") else {
            preconditionFailure("an empty text has no braces")
        }
        return template
    }
}

extension PromptTemplate {
    /// A text of ours, whose slots a test checks.
    init(standard text: String) {
        guard let template = try? PromptTemplate(text) else { preconditionFailure("braces in \(text)") }
        self = template
    }
}
