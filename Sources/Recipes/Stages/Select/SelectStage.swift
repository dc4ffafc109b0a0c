import Corpora
import RecipeSchema
import Selection
import Support

/// Data selection: chooses documents of a corpus under a budget of tokens.
struct SelectStage: Stage {
    static let name = "select"
    static let summary = "Data selection: chooses documents of a corpus under a budget of tokens."
    static let metricNames = ["documents", "tokens", "bytes", "model_tokens"]

    let corpus: [Reference]
    /// What a document of a text file is.
    let documents: TextDocuments
    /// Corpora whose prompts are not chosen again.
    let exclude: [Reference]
    let method: SelectionMethodName
    /// Fraction of the corpus's tokens that are chosen.
    let fraction: Double
    /// The model whose hidden states, log-likelihoods or gradients the method compares; `nil` for methods without a model.
    let model: Reference?
    /// The small model of `difference`.
    let smallModel: Reference?
    /// The student of `disagreement`, `entropy` and `margin`.
    let student: Reference?
    /// The text that `gradient` compares with.
    let target: Reference?
    /// The tokenizer of `coverage`.
    let tokenizer: Reference?
    let lossOn: TargetScope
    let contextLength: Int
    let seed: UInt64?
    let outputName: String

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus", "The text to choose from.")
        documents = section.corpusDocuments()
        exclude = section.value(
            "exclude", .oneOrMore(.reference(to: .corpus)), default: [], example: "round-1",
            "Corpora whose prompts are not chosen again: a record whose prompt one of them has is left out.")
        let method: SelectionMethodName = section.value(
            "method", .choice,
            "random: documents at random. coverage: documents with the most token sequences that the chosen "
                + "ones lack. k_center, herding: documents that represent the hidden states of model. difference: "
                + "documents that are more probable under model than under small_model. gradient: documents whose "
                + "gradient in model is similar to that of target. disagreement: documents on which the distributions "
                + "of student are farthest from those of model. entropy, margin: documents that student is least sure of."
        )
        self.method = method
        fraction = section.value(
            "fraction", .number(.aboveZero), "Fraction of the corpus's tokens that is chosen.")
        let runsModel = section.condition(on: "method", method.needsModel, "with a method that runs a model")
        let type = KeyType<Reference>.reference(to: .checkpoint)
        if let teacher = section.context.teacher, method.needsModel {
            model = section.value(
                "model", type, default: teacher, defaultText: "teacher", only: runsModel,
                "The model that the method runs.")
        } else {
            model = section.optional(
                "model", type, defaultText: "teacher", only: runsModel, "The model that the method runs.")
        }
        smallModel = section.optional(
            "small_model", type,
            only: section.condition(on: "method", method.needsSmallModel, "with method: difference"),
            "A small model trained on some of the text.")
        student = section.optional(
            "student", type,
            only: section.condition(
                on: "method", method.needsStudent, "with method: disagreement, entropy or margin"),
            "The model that is trained further with what is chosen.")
        target = section.optional(
            "target", .reference(to: .corpus),
            only: section.condition(on: "method", method.needsTarget, "with method: gradient"),
            "A sample of the text that the student is intended for.")
        let needsTokenizer = section.condition(
            on: "method", method.needsTokenizer, "with method: coverage")
        let source = KeyType<Reference>.reference(to: .tokenizer, .checkpoint)
        if let fallback = section.context.tokenizer ?? section.context.teacher, method.needsTokenizer {
            tokenizer = section.value(
                "tokenizer", source, default: fallback, defaultText: "the recipe's or the teacher's",
                only: needsTokenizer, "The tokenizer, or a model that has one.")
        } else {
            tokenizer = section.optional(
                "tokenizer", source, defaultText: "the recipe's or the teacher's", only: needsTokenizer,
                "The tokenizer, or a model that has one.")
        }
        lossOn = section.value(
            "loss_on", .choice, default: .standard,
            "The target tokens of a document, which methods compare.")
        contextLength = section.value(
            "context", .integer(CorpusEncoder.contextLimits), default: CorpusEncoder.standardContext,
            "Maximum length of a document in tokens; longer ones are truncated before they are scored.")
        seed = section.stageSeed()
        outputName = section.artifactName(default: "selected")
        func require(_ key: String, _ reference: Reference?, _ isNeeded: Bool, _ problem: String) {
            guard isNeeded, reference == nil, section.sound(key, "method") else { return }
            section.problem(at: key, problem, hint: "give the key \(key)")
        }
        require("model", model, method.needsModel, "there is no model for the method to run")
        require("small_model", smallModel, method.needsSmallModel, "there is no small model to compare with")
        require("student", student, method.needsStudent, "there is no student to measure")
        require("target", target, method.needsTarget, "there is no text to compare with")
        require("tokenizer", tokenizer, method.needsTokenizer, "there is no tokenizer for the text")
    }

    var outputs: [ArtifactDeclaration] { [.init(outputName, .corpus, file: "corpus.jsonl")] }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { seed ?? seeds.training }

    func sources(ofOutput index: Int) -> [Reference] { corpus }

    func check(_ facts: RecipeFacts, at index: Int) {
        for other in [smallModel, student].compactMap(\.self) {
            guard let model, facts.tokenizersDiffer(other, model) else { continue }
            facts.problems.add(
                "\(other.name) has another tokenizer than the model it is compared with, \(model.name)",
                at: other.location, hint: "train it with the model's tokenizer")
        }
    }
}
