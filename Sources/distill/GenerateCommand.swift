import ArgumentParser
import Checkpoints
import Foundation
import Generation
import Recipes
import Support
import Tensors

extension Synthesis.AnswerScope: ExpressibleByArgument {}

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Let a model answer prompts: a synthetic corpus.",
        discussion: """
            Prompts are JSONL with "messages", "prompt" or "text" (the beginning of a document) on each line, or a .txt \
            file with a prompt on each line. Each answer is a line of the output and says which model, seed and \
            sampling it comes from and why it ended.

            Interrupted at any moment, the same command goes on where it stopped; the output is the one an \
            uninterrupted run writes, byte for byte. Until it is complete it is called OUTPUT.partial.

            EXAMPLES
              distill generate data/teacher --prompts data/world/prompts.jsonl --output corpus.jsonl --samples 4 --top-p 0.95
              distill generate data/teacher --prompts chats.jsonl --output corpus.jsonl --answer every
              distill generate data/teacher --prompts questions.txt --output answers.jsonl --temperature 0
              echo 'Who sings?' | distill generate data/teacher --prompts - --output -
            """)

    @Argument(help: "The model: a Hugging Face directory or a GGUF file.")
    var model: String
    @Option(
        help: ArgumentHelp(
            "The prompts, - for standard input; several files may be given.", valueName: "file"))
    var prompts: [String]
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where the answers go (JSONL); - for standard output, where nothing is kept to go on from.",
            valueName: "file"))
    var output: String
    @Option(help: "Answers to each prompt.")
    var samples = Synthesis.Options.standardSamples
    @Option(help: "Tokens of all answers after which no more are written, the last one whole.")
    var tokenBudget: Int?
    @Option(help: "The seed of all answers; each has its own random stream.")
    var seed = RandomStream.standardSeed
    @Option(help: "Which of a chat's turns to answer: the last of the user, or every one in turn.")
    var answer = Synthesis.AnswerScope.last
    @Option(help: "Use only the first prompts.")
    var limit: Int?
    @Flag(help: "Leave out prompts that fill the model's context, instead of refusing them.")
    var skipLong = false
    @Option(help: "Answers written at once; changes the speed and no answer.")
    var slots = 16
    @OptionGroup var exit: ExitFlag
    @OptionGroup var chatTemplate: ChatTemplateFlag
    @OptionGroup(title: "Sampling")
    var sampling: SamplingFlags<CorpusSampling>
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        try require(Synthesis.Options.samplesLimits.problem("--samples", samples))
        try require(Synthesis.slotsLimits.problem("--slots", slots))
        try require((1...Int.max).problem("--limit", limit ?? 1))
        try require((1...Int.max).problem("--token-budget", tokenBudget ?? 1))
        if samples > 1, sampling.temperature == 0 || sampling.topK == 1 {
            throw ValidationError(
                "--samples \(samples) with --\(sampling.temperature == 0 ? "temperature 0" : "top-k 1") writes every answer "
                    + "\(samples) times: there is no randomness; leave --samples out")
        }
    }

    func run() throws {
        try general.running(
            advice: output == StandardStreams.name
                ? nil : "the answers so far are kept; the same command goes on after them"
        ) {
            let progress = general.progressLine()
            defer { progress.clear() }
            _ = try CorpusNotes.reader(prompts)
            let all = try StandardStreams.files(prompts).flatMap { try SynthesisPrompt.read($0) }
            let chosen = limit.map { Array(all.prefix($0)) } ?? all
            let author = try Synthesis.Author(
                chatTemplate.applied(to: exit.model(model)), name: exit.name(model))
            let synthesis = Synthesis(
                author: author,
                options: Synthesis.Options(
                    sampling: sampling.options, samples: samples, tokenBudget: tokenBudget, seed: seed,
                    stop: sampling.stop,
                    answer: answer,
                    skipsLongPrompts: skipLong, arithmetic: sampling.arithmetic))
            let start = ContinuousClock.now
            let summary =
                output == StandardStreams.name
                ? try synthesis.run(prompts: chosen, slots: slots, progress: progress.handler) {
                    try Console.write(String(decoding: $0, as: UTF8.self) + "\n")
                }
                : try synthesis.run(
                    prompts: chosen, into: URL(filePath: output), slots: slots, progress: progress.handler)
            progress.clear()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            var parts = ["\(output): \(summary.records) answers"]
            if summary.tokens > 0 {
                parts.append("\(summary.tokens) tokens at \(Int(Double(summary.tokens) / seconds)) tokens/s")
            }
            if summary.reused > 0 { parts.append("\(summary.reused) answers were there") }
            if summary.skippedPrompts > 0 { parts.append("\(summary.skippedPrompts) long prompts left out") }
            if output != StandardStreams.name || !general.quiet {
                try Console.summarize(parts.joined(separator: ", "), of: output)
            }
        }
    }
}
