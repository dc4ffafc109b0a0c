import Corpora
import RecipeSchema
import Signals
import Support

/// Stores a teacher's token distributions over a corpus: a signal cache.
struct LabelStage: Stage {
    static let name = "label"
    static let summary = "Stores a teacher's token distributions over a corpus: a signal cache."
    static let metricNames = ["documents", "positions", "bytes_per_position", "ids_per_position"]

    let model: Reference
    /// The model, where it is behind an API.
    let endpoint: EndpointSettings?
    /// Whose tokenizer divides the corpus; nil for the model's own.
    let tokenizer: Reference?
    let corpus: [Reference]
    /// What a document of a text file is.
    let documents: TextDocuments
    let signal: SignalSettings
    let lossOn: TargetScope
    let systemTurns: SystemTurns
    /// Layers of the teacher, from 1, whose hidden states are stored too.
    let hidden: [Int]
    private let hiddenLocation: SourceLocation
    /// Documents are truncated to this many tokens.
    let contextLength: Int
    /// Whether an endpoint is asked for each distribution by a request of its own.
    let isPerToken: Bool
    /// Whether an endpoint's distributions are those that the corpus's records hold, so that it is not asked.
    let isRecorded: Bool
    private let recordedLocation: SourceLocation
    let seed: UInt64?
    let outputName: String

    init(_ section: Section) {
        model = section.answererReference(
            "The model whose distributions are stored; it may be an endpoint that gives log-probabilities of prompts."
        )
        endpoint = section.context.endpoint(of: model)
        tokenizer = section.optional(
            "tokenizer", .reference(to: .tokenizer, .checkpoint), defaultText: "the model's",
            "A student, or a tokenizer, of the model's family whose added tokens differ: the corpus is divided as it does. "
                + "With an endpoint: the student, or the tokenizer that both have."
        )
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus", "The text to label.")
        documents = section.corpusDocuments()
        signal = section.section(
            "signal", .section(SignalSettings.self), "What is stored for each token.")
        hidden = section.value(
            "hidden", .list(of: .integer(1...512), atLeast: 0), default: [],
            "Layers of the model, from 1, whose hidden states are stored too (2 bytes a value), for features without a "
                + "teacher.")
        hiddenLocation = section.location(of: "hidden")
        lossOn = section.value("loss_on", .choice, default: .standard, "The tokens to label.")
        systemTurns = section.systemTurns(lossOn)
        contextLength = section.value(
            "context", .integer(CorpusEncoder.contextLimits), default: CorpusEncoder.standardContext,
            "Documents are truncated to this many tokens.")
        isPerToken = section.value(
            "per_token", .boolean, default: false,
            only: section.condition(on: "model", endpoint != nil, "with an endpoint"),
            "Ask for each token's distribution by a request of its own, from servers that give those of generated tokens alone."
        )
        isRecorded = section.value(
            "recorded", .boolean, default: false,
            only: section.condition(
                on: "model", endpoint != nil && !isPerToken, "with an endpoint, without per_token"),
            "Take the log-probabilities that a stage generate with top_logprobs has left in the corpus; the endpoint is not asked."
        )
        recordedLocation = section.location(of: "recorded")
        seed = section.stageSeed()
        outputName = section.artifactName(default: "signals")
        if endpoint != nil { requireWhatEndpointsGive(section) }
    }

    /// An endpoint gives the most probable tokens at temperature 1.
    private func requireWhatEndpointsGive(_ section: Section) {
        let name = "\"\(model.name)\" is a model behind an API"
        if tokenizer == nil, section.sound("tokenizer") {
            section.problem(
                at: "tokenizer", "\(name), whose tokenizer is not here",
                hint: "name the student, or the tokenizer that both have")
        }
        if section.sound("signal"), !signal.kind.isTopK || signal.temperature != 1 {
            section.problem(
                at: "signal", "\(name), which gives the most probable tokens at temperature 1",
                hint: "signal: {kind: top_k, k: 20}")
        }
        if isRecorded, lossOn != .assistant, section.sound("loss_on") {
            section.problem(
                at: "loss_on", "recorded signals are of answers alone", hint: "loss_on: assistant")
        }
        if !hidden.isEmpty { section.problem(at: "hidden", "\(name), which gives no hidden states") }
        if systemTurns != .both {
            section.problem(at: "system_turns", "\(name); it reads what the student reads")
        }
    }

    var planNote: String? {
        guard endpoint != nil, case .topK(let k) = signal.kind else { return nil }
        if isRecorded {
            return "the most probable tokens that \(model.name) returned with its answers, at most \(k)"
        }
        return "the \(k) most probable tokens of \(model.name) at each position, the others as a tail"
    }

    func requireEnvironment() throws { if !isRecorded { try endpoint?.endpoint.requireKeys() } }

    var outputs: [ArtifactDeclaration] { [.init(outputName, .signals, file: "signals")] }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { seed ?? seeds.recipe }

    /// Records that are generated without log-probabilities would be paid for twice.
    private func checkRecords(_ facts: RecipeFacts) {
        guard isRecorded else { return }
        for reference in corpus {
            guard let stage = facts.maker(of: reference)?.stage as? GenerateStage, !stage.keepsLogprobs
            else {
                continue
            }
            facts.problems.add(
                "the records of \"\(reference.name)\" are generated without log-probabilities",
                at: recordedLocation,
                hint: "set top_logprobs there")
        }
    }

    func check(_ facts: RecipeFacts, at index: Int) {
        if endpoint != nil { return checkRecords(facts) }
        if let tokenizer, facts.comparison(of: tokenizer, with: model).isUnrelated {
            facts.problems.add(
                "\(tokenizer.name) has another tokenizer than \(model.name)", at: tokenizer.location,
                hint: "they may differ in added tokens alone; leave it out")
        }
        guard let count = facts.configuration(of: model)?.layers,
            let layer = hidden.first(where: { $0 > count })
        else { return }
        facts.problems.add(
            "there is no layer \(layer): \(model.name) has \(count)", at: hiddenLocation,
            hint: "layers count from 1")
    }
}
