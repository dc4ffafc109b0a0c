import ArgumentParser
import Tensors
import Transformer

/// What the sampling options of a command are by default.
protocol SamplingDefaults {
    static var options: SamplingOptions { get }
}

/// Of `generate`, as in recipes.
enum CorpusSampling: SamplingDefaults {
    static var options: SamplingOptions { SamplingOptions() }
}

/// Of `chat`.
enum ChatSampling: SamplingDefaults {
    static var options: SamplingOptions { .chat }
}

/// How tokens are drawn: the options that `generate` and `chat` share.
struct SamplingFlags<Defaults: SamplingDefaults>: ParsableArguments {
    @Option(help: "Most tokens of an answer.")
    var maxNewTokens = Defaults.options.maxNewTokens
    @Option(help: "Divides the logits; 0 always takes the likeliest token.")
    var temperature = Defaults.options.temperature
    @Option(help: "Keep the likeliest tokens that together have this probability; 1 keeps all.")
    var topP = Defaults.options.topP
    @Option(help: "Keep this many likeliest tokens; 0 keeps all.")
    var topK = Defaults.options.topK
    @Option(help: "Keep tokens at least this likely relative to the likeliest; 0 keeps all.")
    var minP = Defaults.options.minP
    @Option(help: "Divides the logits of tokens already there; 1 leaves them.")
    var repetitionPenalty = Defaults.options.repetitionPenalty
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
