import Corpora
import Evaluation

/// Measures models: perplexity, agreement with the teacher, tasks, speed.
public struct EvaluateStage: Sendable, RecipeSection {
    /// A plan has one stage for each model, so that a teacher shared by many runs is measured once.
    public internal(set) var models: [EvaluatedModel]
    public let teacher: Reference?
    public let perplexity: [Reference]
    public let agreement: [Reference]
    /// Files of questions, and how answers are judged, under the label reports show.
    public let tasks: [(name: String, value: TaskSettings)]
    /// Whether tables tell how much of the answers repeats.
    public let showsRepetition: Bool
    public let systemTurns: SystemTurns
    /// Tokens of a window; nil for 256, or the model's context where that is shorter.
    public let contextLength: Int?
    /// Tokens between the starts of two windows over a long document; nil for half a window.
    public let stride: Int?
    /// What a document of a text file is.
    public let documents: TextDocuments
    public let measuresSpeed: Bool
    /// Documents of each file; `nil` is all.
    public let limit: Int?
    let name: String

    init(_ section: Section) {
        models = section.value(
            "models", .list(of: .evaluatedModel), example: "[teacher, student]",
            "The models to measure; {model: NAME, exit: 2} measures one that ends after its second layer.")
        if let recipeTeacher = section.decoding.teacher {
            teacher = section.value(
                "teacher", .reference(to: .checkpoint), default: recipeTeacher,
                defaultText: "the recipe's teacher",
                "The model that agreement is measured against.")
        } else {
            teacher = section.optional(
                "teacher", .reference(to: .checkpoint), "The model that agreement is measured against.")
        }
        let files = KeyType<[Reference]>.oneOrMore(.reference(to: .corpus))
        perplexity = section.value(
            "perplexity", files, default: [], example: "data/world/heldout-text.jsonl",
            "Text to measure perplexity on.")
        agreement = section.value(
            "agreement", files, default: [], example: "data/world/heldout-text.jsonl",
            "Text on which each model is compared with the teacher, token by token.")
        tasks = section.value(
            "tasks", .named(.task), default: [],
            example: "{seen: data/world/seen.jsonl}",
            "Question files, under the labels that reports show; scored by exact match, or with a mapping by a rule."
        )
        showsRepetition = section.value(
            "repetition", .boolean, default: false,
            "Tell how much of the answers to all tasks repeats (share of trigrams of tokens that came before), and how long "
                + "they are.")
        systemTurns = section.value(
            "system_turns", .choice, default: .both,
            "Who reads the system turns of chats in perplexity and agreement. teacher: of the models, the key teacher alone."
        )
        contextLength = section.optional(
            "context", .integer(CorpusEncoder.contextLimits),
            defaultText: "\(CorpusEncoder.standardContext), or the model's where that is shorter",
            "Window, in tokens.")
        stride = section.optional(
            "stride", .integer(1...1_048_576), defaultText: "context / 2",
            "Tokens between the starts of two windows over a long document.")
        documents = section.evaluationDocuments()
        measuresSpeed = section.value("speed", .boolean, default: true, "Measure tokens written per second.")
        limit = section.optional(
            "limit", .integer(1...), defaultText: "all", "Use only the first records of each file.")
        name = section.artefactName(default: "evaluation")
        if let stride, let contextLength, section.sound("stride", "context"), stride > contextLength {
            section.problem(
                at: "stride", "the stride \(stride) exceeds the context \(contextLength)",
                hint: "tokens between two windows would not be measured")
        }
        checkContext(section)
        if !agreement.isEmpty, teacher == nil, section.sound("teacher") {
            section.problem(
                at: "agreement", "there is no teacher to agree with", hint: "give the key teacher")
        }
        if perplexity.isEmpty, agreement.isEmpty, tasks.isEmpty, !measuresSpeed,
            section.sound("perplexity", "agreement", "tasks", "speed")
        {
            section.problem(
                at: "models", "nothing is measured", hint: "give perplexity, agreement, tasks or speed")
        }
    }
}

extension EvaluateStage {
    /// Reports a window that a model on disk has no room for. The default suits every model.
    private func checkContext(_ section: Section) {
        guard let contextLength, !(perplexity.isEmpty && agreement.isEmpty), section.sound("context") else {
            return
        }
        let compared = agreement.isEmpty ? nil : teacher
        for model in models.map(\.reference) + (compared.map { [$0] } ?? []) {
            guard let longest = model.modelConfiguration(section.decoding)?.contextLength,
                longest < contextLength
            else { continue }
            section.problem(
                at: "context",
                "a context of \(contextLength) tokens exceeds that of \(model.name), \(longest)",
                hint: "give a context of at most \(longest)")
            return
        }
    }

    /// Tokens of a window, and between the starts of two, where the model's context does not set others.
    var windowLength: Int { contextLength ?? CorpusEncoder.standardContext }
    var windowStride: Int { stride ?? max(1, windowLength / 2) }
}
