import ArgumentParser
import Foundation
import Support
import Tokenization

extension TokenizerCommand {
    struct Trim: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Trim a vocabulary to the pieces that a text needs.",
            discussion: """
                Special, byte and user-defined pieces are kept, then the pieces of the text, the most frequent first, and \
                then those with the best scores, so that the text is encoded as before. `distill prune --trim-to` does \
                the same to a model.

                EXAMPLES
                  distill tokenizer trim tokenizer.model corpus.jsonl --size 16384 --output small.model
                """)

        @OptionGroup var model: Model
        @Argument(help: "Files or directories of text, - for standard input.")
        var files: [String]
        @Option(help: "Number of pieces to keep.")
        var size: Int
        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp("User-defined symbols, each replacing a piece.", valueName: "symbol=piece"))
        var symbols: [String] = []
        @Option(name: .shortAndLong, help: "The .model file to write, - for standard output.")
        var output: String
        @OptionGroup var summary: SummaryFlag
        @OptionGroup(title: "General") var general: GeneralFlags

        /// What `tokenizer trim --json` prints.
        private struct Summary: Encodable {
            let path: String
            let vocabularySize: Int
            let usage: VocabularyTrim.Usage
        }

        func validate() throws {
            try summary.validate(output: output)
            try require(VocabularyTrim.sizeLimits.problem("--size", size))
            _ = try symbols.map(VocabularyTrim.Symbol.init)
        }

        func run() throws {
            try general.running {
                try OutputCheck.refuse(output, amongInputs: files + [model.model])
                let records = try CorpusNotes.reader(files).records()
                let trim = try VocabularyTrim(
                    model.load(), to: size, texts: records.flatMap(\.texts),
                    symbols: symbols.map(VocabularyTrim.Symbol.init))
                try Console.write(trim.tokenizer.serializedModel, toFile: output)
                let usage = trim.usage
                if summary.json {
                    return try printJSON(
                        Summary(path: output, vocabularySize: trim.tokenizer.vocabularySize, usage: usage))
                }
                try Console.summarize(
                    "\(output): \(trim.tokenizer.vocabularySize) pieces; the text has \(usage.tokens) tokens, "
                        + "\(usage.pieces) different; \(usage.changedTokens) tokens change", of: output)
            }
        }
    }
}
