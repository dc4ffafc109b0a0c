import ArgumentParser
import Checkpoints
import Corpora
import Foundation
import Recipes
import Support

struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Let a model answer prompts: a synthetic corpus.",
        discussion: """
            Generation that was interrupted goes on where it stopped when it is started again; the file gets its name \
            once it is complete.

            EXAMPLES
              distill generate data/teacher --prompts data/world/prompts.jsonl --output corpus.jsonl
              distill generate data/teacher --prompts questions.txt --output corpus.jsonl --samples 4 --temperature 1
            """)

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: String
    @Option(
        help: ArgumentHelp("JSONL with messages or prompt, or a .txt file of prompts.", valueName: "file"))
    var prompts: String
    @Option(help: ArgumentHelp("The JSONL file to write.", valueName: "file"))
    var output: String
    @Option(help: "Answers to each prompt.")
    var samples = 1
    @OptionGroup var sampling: SamplingFlags

    func validate() throws {
        guard samples > 0 else { throw ValidationError("--samples \(samples) is not positive") }
    }

    func run() async throws {
        try Failure.reporting {
            let url = URL(filePath: output)
            guard !FileManager.default.fileExists(atPath: url.path) else {
                throw UserError(
                    "exists already", file: output, remedy: "name another file, or delete it",
                    status: .cannotCreate)
            }
            let progress = ProgressLine()
            defer { progress.clear() }
            let records = try CorpusReader.records(in: [URL(filePath: prompts)])
            let author = try Synthesis.Author(Checkpoint.load(URL(filePath: model)), name: model)
            let options = Synthesis.Options(
                sampling: sampling.options, samples: samples, seed: sampling.seed, stop: sampling.stop)
            try Synthesis(author: author, options: options)
                .run(prompts: records, into: url, progress: progress.handler)
            progress.handler(
                .finished(stage: "generate", summary: "\(records.count * samples) answers in \(output)"))
        }
    }
}
