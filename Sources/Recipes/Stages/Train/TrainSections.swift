import Corpora
import RecipeSchema
import Support

/// The sequences of one optimizer step.
struct BatchSettings: Sendable, RecipeSection {
    /// Sequences in a step, over all its parts.
    let sequences: Int
    /// Maximum sequence length, in tokens.
    let contextLength: Int
    /// Parts a step is computed in, to save memory.
    let accumulate: Int

    init(_ section: Section) {
        sequences = section.value(
            "sequences", .integer(1...1_048_576), default: 16, example: "16", "Sequences in a step.")
        contextLength = section.value(
            "context", .integer(CorpusEncoder.contextLimits), default: CorpusEncoder.standardContext,
            "Maximum sequence length, in tokens.")
        accumulate = section.value(
            "accumulate", .integer(1...1_048_576), default: 1,
            "Gradient accumulation: micro-batches per step, to save memory. Must divide sequences.")
        if section.sound("sequences", "accumulate"), sequences % accumulate != 0 {
            section.problem(
                at: "accumulate", "\(sequences) sequences are not divisible into \(accumulate) parts")
        }
    }
}

/// Measures the angle between the gradient and that of whole distributions during training.
struct GradientAngleSettings: Sendable, RecipeSection {
    let teacher: Reference
    /// Steps between two measurements.
    let every: Int

    init(_ section: Section) {
        teacher = section.modelReference(at: "to", "The model whose full distributions are the reference.")
        every = section.value("every", .integer(1...), default: 50, "Steps between two measurements.")
    }
}

/// The loss on held-out text during training.
struct ValidationSettings: Sendable, RecipeSection {
    let corpus: [Reference]
    /// Steps between two measurements.
    let every: Int
    /// Documents measured; `nil` is all.
    let limit: Int?

    init(_ section: Section) {
        corpus = section.value("on", .oneOrMore(.reference(to: .corpus)), "The text to measure on.")
        every = section.value("every", .integer(1...), default: 100, "Steps between two measurements.")
        limit = section.optional("limit", .integer(1...), defaultText: "all", "Use only the first documents.")
    }
}
