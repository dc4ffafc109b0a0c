import Corpora
import Evaluation
import RecipeSchema

/// Measures models: perplexity, agreement with the teacher, tasks, speed.
struct EvaluateStage: Stage {
    static let name = "evaluate"
    static let summary = "Measures models: perplexity, agreement with the teacher, tasks, speed."

    /// A plan has one stage for each model, so that a teacher shared by many runs is measured once.
    var models: [EvaluatedModel]
    let teacher: Reference?
    let perplexity: [Reference]
    let agreement: [Reference]
    /// Files of questions, and how answers are judged, under the label reports show.
    let tasks: [(name: String, value: EvaluatedTask)]
    /// Whether repetition and length of answers are measured.
    let showsRepetition: Bool
    let systemTurns: SystemTurns
    /// Tokens of a window; nil for 256, or the model's context where that is shorter.
    let contextLength: Int?
    /// Tokens between the starts of two windows over a long document; nil for half a window.
    let stride: Int?
    /// What a document of a text file is.
    let documents: TextDocuments
    let measuresSpeed: Bool
    /// Documents of each file; `nil` is all.
    let limit: Int?
    let outputName: String

    init(_ section: Section) {
        models = section.value(
            "models", .list(of: .evaluatedModel), example: "[teacher, student]",
            "The models to measure; {model: NAME, exit: 2} measures one that ends after its second layer.")
        if let recipeTeacher = section.context.teacher {
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
            "Measure the repetition in the answers to all tasks (fraction of token trigrams that occurred "
                + "before), and their length.")
        systemTurns = section.value(
            "system_turns", .choice, default: .both,
            "Which models are given the system turns of chats in perplexity and agreement. teacher: only "
                + "that of the key teacher."
        )
        contextLength = section.optional(
            "context", .integer(CorpusEncoder.contextLimits),
            defaultText: "\(CorpusEncoder.standardContext), or the model's where that is shorter",
            "Window, in tokens.")
        stride = section.optional(
            "stride", .integer(1...1_048_576), defaultText: "context / 2",
            "Tokens between the starts of two windows over a long document.")
        documents = section.evaluationDocuments()
        measuresSpeed = section.value(
            "speed", .boolean, default: true, "Measure generated tokens per second.")
        limit = section.optional(
            "limit", .integer(1...), defaultText: "all", "Use only the first records of each file.")
        outputName = section.artifactName(default: "evaluation")
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
        if showsRepetition, tasks.isEmpty, section.sound("repetition", "tasks") {
            section.problem(
                at: "repetition", "there is no task whose answers are measured", hint: "give the key tasks")
        }
        if perplexity.isEmpty, agreement.isEmpty, tasks.isEmpty, !measuresSpeed,
            section.sound("perplexity", "agreement", "tasks", "speed")
        {
            section.problem(
                at: "models", "nothing is measured", hint: "give perplexity, agreement, tasks or speed")
        }
    }

    /// Of a plan's evaluation of one model the file is named after the model.
    var outputs: [ArtifactDeclaration] {
        let model = models.first?.fileName ?? "model"
        return [
            .init(outputName, .evaluation, file: "evaluation.json", link: "\(outputName)-\(model).json")
        ]
    }

    var label: String { models.first.map { "evaluate \($0.name)" } ?? Self.name }

    /// An evaluation a model, so that a teacher shared by many runs is measured once.
    func planned(_ canonical: CanonicalValue) -> [(stage: any Stage, canonical: CanonicalValue)] {
        guard case .map(var keys) = canonical else { return [] }
        return models.map { model in
            var stage = self
            stage.models = [model]
            keys["models"] = .list([model.canonical])
            return (stage, .map(keys))
        }
    }

    var measurementNames: [String] {
        var names: [String] = []
        if !perplexity.isEmpty { names += ["perplexity", "loss"] }
        if !agreement.isEmpty { names += ["kl", "agreement", "ece"] }
        names += tasks.map(\.name)
        if showsRepetition, !tasks.isEmpty { names += ["repetition", "answer_length"] }
        if measuresSpeed { names.append("tokens_per_second") }
        return names
    }

    var measuredModel: Reference? { models.first?.reference }
}

extension EvaluateStage {
    /// Checks models against each other and against what makes them.
    func check(_ facts: RecipeFacts, at index: Int) {
        if !agreement.isEmpty, let teacher {
            for model in models
            where facts.comparison(of: model.reference, with: teacher).isUnrelated {
                facts.problems.add(
                    "\(model.reference.name) has another tokenizer than the teacher, \(teacher.name)",
                    at: model.reference.location,
                    hint: "agreement is measured token by token: take it away")
            }
        }
        for model in models {
            guard let exit = model.exit, let layers = facts.configuration(of: model.reference)?.layers,
                exit > layers
            else { continue }
            facts.problems.add(
                "there is no layer \(exit) in a model with \(layers)", at: model.exitLocation,
                hint: "accepted: 1 to \(layers)")
        }
    }

    /// Reports a window that a model on disk has no room for. The default suits every model.
    private func checkContext(_ section: Section) {
        guard let contextLength, !(perplexity.isEmpty && agreement.isEmpty), section.sound("context") else {
            return
        }
        let compared = agreement.isEmpty ? nil : teacher
        for model in models.map(\.reference) + (compared.map { [$0] } ?? []) {
            guard let longest = model.modelConfiguration(section.context)?.contextLength,
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
