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
                "Divides the logits; 0 always takes the likeliest."),
            topK: section.optional(
                "top_k", .integer(1...Limits.topK.upperBound), defaultText: "all",
                "Keep this many likeliest tokens.") ?? 0,
            topP: section.value(
                "top_p", .float(Limits.topP), default: standard.topP, example: "0.95",
                "Keep the likeliest tokens whose probabilities add up to this."),
            minP: section.value(
                "min_p", .float(Limits.minP), default: standard.minP,
                "Keep tokens at least this likely relative to the likeliest."),
            repetitionPenalty: section.value(
                "repetition_penalty", .float(Limits.repetitionPenalty), default: standard.repetitionPenalty,
                "Divides the logits of tokens already there; 1 leaves them."))
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
