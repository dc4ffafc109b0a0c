import ArgumentParser
import Tensors
import Transformer

/// How tokens are drawn: the options that `generate` and `chat` share.
struct SamplingFlags: ParsableArguments {
    @Option(help: "Most tokens of an answer.")
    var maxNewTokens = 256
    @Option(help: "Divides the logits; 0 always takes the likeliest token.")
    var temperature: Float = 0.8
    @Option(help: "Keep the likeliest tokens that together have this probability; 1 keeps all.")
    var topP: Float = 0.95
    @Option(help: "Keep this many likeliest tokens; 0 keeps all.")
    var topK = 0
    @Option(help: "Keep tokens at least this likely relative to the likeliest; 0 keeps all.")
    var minP: Float = 0
    @Option(help: "Divides the logits of tokens already there; 1 leaves them.")
    var repetitionPenalty: Float = 1
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A text that ends an answer, besides the end of a turn; may be repeated.", valueName: "text"))
    var stop: [String] = []

    @Flag(
        help:
            "Multiply quantised weights in Float32, as labelling does, not in 8-bit integers: several times slower."
    )
    var exact = false

    /// In what numbers quantised weights are multiplied.
    var arithmetic: ProductArithmetic { exact ? .float : .int8 }

    var options: SamplingOptions {
        SamplingOptions(
            temperature: temperature, topK: topK, topP: topP, minP: minP,
            repetitionPenalty: repetitionPenalty,
            maxNewTokens: maxNewTokens)
    }

    func validate() throws {
        let problems = options.problems + (stop.contains("") ? ["a stop text is empty"] : [])
        guard problems.isEmpty else { throw ValidationError(problems.joined(separator: "\n")) }
    }
}
