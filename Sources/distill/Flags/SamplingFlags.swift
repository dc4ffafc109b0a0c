import ArgumentParser
import Tensors
import Transformer

/// The default sampling options of a command.
protocol SamplingDefaults {
    static var options: SamplingOptions { get }
}

/// The defaults of `generate` and of recipes.
enum CorpusSampling: SamplingDefaults {
    static var options: SamplingOptions { SamplingOptions() }
}

/// The defaults of `chat`.
enum ChatSampling: SamplingDefaults {
    static var options: SamplingOptions { .chat }
}

/// The sampling options of `generate` and `chat`.
struct SamplingFlags<Defaults: SamplingDefaults>: ParsableArguments {
    @Option(help: "Maximum length of an answer, in tokens.")
    var maxNewTokens = Defaults.options.maxNewTokens
    @Option(help: "Temperature: divides the logits; 0 is greedy decoding.")
    var temperature = Defaults.options.temperature
    @Option(
        help: "Nucleus sampling: keep the most probable tokens up to this total probability; 1 keeps all.")
    var topP = Defaults.options.topP
    @Option(help: "Keep this many most probable tokens; 0 keeps all.")
    var topK = Defaults.options.topK
    @Option(
        help: "Keep tokens whose probability relative to the most probable one is at least this; 0 keeps all."
    )
    var minP = Defaults.options.minP
    @Option(help: "Penalty on the logits of tokens that occur already; 1 is none.")
    var repetitionPenalty = Defaults.options.repetitionPenalty
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A stop string, in addition to the end of a turn; may be repeated.", valueName: "text"))
    var stop: [String] = []

    @Flag(
        help:
            "Multiply quantized weights in Float32, as labelling does, instead of 8-bit integers; several times slower."
    )
    var exact = false

    /// The arithmetic for products with quantized weights.
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
