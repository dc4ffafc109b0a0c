import Distillation

/// Chooses a part of a corpus under a budget of tokens: a corpus.
public struct SelectStage: Sendable, RecipeSection {
    public let corpus: [Reference]
    public let method: SelectionMethod
    /// Share of the corpus's tokens that are chosen.
    public let share: Double
    /// The model whose hidden states or certainty decide; `nil` for a random choice.
    public let model: Reference?
    /// The small model of `difference`.
    public let small: Reference?
    public let contextLength: Int
    public let seed: UInt64?
    let name: String

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus", "The text to choose from.")
        let method: SelectionMethod = section.value(
            "method", .choice,
            "random; k_center and herding cover the hidden states of model; difference takes what model finds likelier "
                + "than small does.")
        self.method = method
        share = section.value(
            "share", .number(.aboveZero), "Share of the corpus's tokens that is chosen.")
        let needsModel = section.condition(on: "method", method != .random, "with a method that asks a model")
        let type = KeyType<Reference>.reference(to: .checkpoint)
        if let teacher = section.decoding.teacher, method != .random {
            model = section.value(
                "model", type, default: teacher, defaultText: "teacher", only: needsModel,
                "The model that is asked.")
        } else {
            model = section.optional(
                "model", type, defaultText: "teacher", only: needsModel, "The model that is asked.")
        }
        small = section.optional(
            "small", type,
            only: section.condition(on: "method", method == .difference, "with method: difference"),
            "A small model trained on some of the text.")
        contextLength = section.value(
            "context", .integer(2...1_048_576), default: 256, "Tokens of a document that models read.")
        seed = section.stageSeed()
        name = section.artefactName(default: "selected")
        if method != .random, model == nil, section.sound("model", "method") {
            section.problem(at: "model", "there is no model to ask", remedy: "give the key model")
        }
        if method == .difference, small == nil, section.sound("small", "method") {
            section.problem(
                at: "small", "there is no small model to compare with", remedy: "give the key small")
        }
    }
}
