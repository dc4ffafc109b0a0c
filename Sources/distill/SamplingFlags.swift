import ArgumentParser
import Transformer

/// How the next token is drawn, for every verb that lets a model write.
struct SamplingFlags: ParsableArguments {
    @Option(help: "Divides the logits; 0 always takes the likeliest token.")
    var temperature: Float = 0.8
    @Option(name: .customLong("top-p"), help: "Keep the likeliest tokens whose shares add up to this.")
    var topP: Float = 0.95
    @Option(name: .customLong("top-k"), help: "Keep this many likeliest tokens; 0 keeps all.")
    var topK = 0
    @Option(name: .customLong("min-p"), help: "Keep tokens at least this likely relative to the likeliest.")
    var minP: Float = 0
    @Option(
        name: .customLong("repetition-penalty"),
        help: "Makes tokens already there less likely; 1 changes nothing.")
    var repetitionPenalty: Float = 1
    @Option(name: .customLong("max-new-tokens"), help: "Longest answer, in tokens.")
    var maxNewTokens = 128
    @Option(help: "Decides the random numbers.")
    var seed: UInt64 = 0
    @Option(help: "A text that ends an answer; may be repeated.")
    var stop: [String] = []

    var options: SamplingOptions {
        SamplingOptions(
            temperature: temperature, topK: topK, topP: topP, minP: minP,
            repetitionPenalty: repetitionPenalty,
            maxNewTokens: maxNewTokens)
    }

    func validate() throws {
        let problems = options.problems
        guard problems.isEmpty else { throw ValidationError(problems.joined(separator: "; ")) }
        guard !stop.contains("") else { throw ValidationError("--stop is empty") }
    }
}
