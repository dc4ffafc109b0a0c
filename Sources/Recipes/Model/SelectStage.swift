import Corpora
import Selection
import Support

/// Chooses a part of a corpus under a budget of tokens: a corpus.
public struct SelectStage: Sendable, RecipeSection {
    public let corpus: [Reference]
    /// What a document of a text file is.
    public let documents: TextDocuments
    public let method: SelectionMethodName
    /// Share of the corpus's tokens that are chosen.
    public let share: Double
    /// The model whose hidden states, certainty or gradients decide; `nil` where none does.
    public let model: Reference?
    /// The small model of `difference`.
    public let small: Reference?
    /// The text that `gradient` compares with.
    public let target: Reference?
    /// Where the pieces that `coverage` counts come from.
    public let tokenizer: Reference?
    public let lossOn: LossScope
    public let contextLength: Int
    public let seed: UInt64?
    let name: String

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus", "The text to choose from.")
        documents = section.corpusDocuments()
        let method: SelectionMethodName = section.value(
            "method", .choice,
            "random; coverage takes what says most that the chosen do not say yet; k_center and herding cover the hidden "
                + "states of model; difference takes what model finds likelier than small does; gradient what trains "
                + "model as target does.")
        self.method = method
        share = section.value(
            "share", .number(.aboveZero), "Share of the corpus's tokens that is chosen.")
        let asksModel = section.condition(on: "method", method.needsModel, "with a method that asks a model")
        let type = KeyType<Reference>.reference(to: .checkpoint)
        if let teacher = section.decoding.teacher, method.needsModel {
            model = section.value(
                "model", type, default: teacher, defaultText: "teacher", only: asksModel,
                "The model that is asked.")
        } else {
            model = section.optional(
                "model", type, defaultText: "teacher", only: asksModel, "The model that is asked.")
        }
        small = section.optional(
            "small", type,
            only: section.condition(on: "method", method.needsSmallModel, "with method: difference"),
            "A small model trained on some of the text.")
        target = section.optional(
            "target", .reference(to: .corpus),
            only: section.condition(on: "method", method.needsTarget, "with method: gradient"),
            "Text of the kind that the student is to know.")
        let needsTokenizer = section.condition(on: "method", method == .coverage, "with method: coverage")
        let source = KeyType<Reference>.reference(to: .tokenizer, .checkpoint)
        if let fallback = section.decoding.tokenizer ?? section.decoding.teacher, method == .coverage {
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
            "The tokens that are to be learnt, of which methods judge.")
        contextLength = section.value(
            "context", .integer(CorpusEncoder.contextLimits), default: CorpusEncoder.standardContext,
            "Tokens of a document that models read.")
        seed = section.stageSeed()
        name = section.artefactName(default: "selected")
        func require(_ key: String, _ reference: Reference?, _ isNeeded: Bool, _ problem: String) {
            guard isNeeded, reference == nil, section.sound(key, "method") else { return }
            section.problem(at: key, problem, hint: "give the key \(key)")
        }
        require("model", model, method.needsModel, "there is no model to ask")
        require("small", small, method.needsSmallModel, "there is no small model to compare with")
        require("target", target, method.needsTarget, "there is no text to compare with")
        require("tokenizer", tokenizer, method == .coverage, "there is no tokenizer to divide the text with")
    }
}
