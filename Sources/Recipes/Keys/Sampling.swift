import RecipeSchema
import Transformer

extension KeyType<SamplingOptions> {
    /// How the next token is drawn from the model's distribution. `maxNewTokens` is a key of the stage.
    static var sampling: Self { .section(SamplingKeys.self, \.options) }
}

private struct SamplingKeys: RecipeSection {
    let options: SamplingOptions

    init(_ section: Section) {
        typealias Limits = SamplingOptions.Limits
        let standard = SamplingOptions()
        options = SamplingOptions(
            temperature: section.value(
                "temperature", .float(Limits.temperature), default: standard.temperature, example: "0.9",
                "Divides the logits; 0 is greedy decoding."),
            topK: section.optional(
                "top_k", .integer(1...Limits.topK.upperBound), defaultText: "all",
                "Keep this many most probable tokens.") ?? 0,
            topP: section.value(
                "top_p", .float(Limits.topP), default: standard.topP, example: "0.95",
                "Nucleus sampling: keep the most probable tokens up to this total probability."),
            minP: section.value(
                "min_p", .float(Limits.minP), default: standard.minP,
                "Keep tokens whose probability relative to the most probable one is at least this."),
            repetitionPenalty: section.value(
                "repetition_penalty", .float(Limits.repetitionPenalty), default: standard.repetitionPenalty,
                "Penalty on the logits of tokens that occur already; 1 is none."))
    }
}

extension SamplingOptions {
    /// Whether tokens are drawn from the distribution as it is.
    var isPlain: Bool {
        temperature == 1 && topP == 1 && minP == 0 && repetitionPenalty == 1 && topK == 0
    }

    /// Whether the likeliest token is always taken.
    var isGreedy: Bool { temperature == 0 || topK == 1 }
}
