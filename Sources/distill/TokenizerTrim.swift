import ArgumentParser
import Foundation
import Support
import Tokenization

extension TokenizerCommand {
    struct Trim: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keep a part of a vocabulary that divides some text as the whole one does.",
            discussion: """
                Special, byte and user-defined pieces stay, then the pieces of the text, the most frequent first, and \
                then those with the best scores. `distill cut` does the same to a model.

                Example:
                  distill tokenizer trim corpus.jsonl --model tokenizer.model --size 16384 --output small.model
                """)

        @Argument(help: "Files or directories of text, - for standard input.")
        var files: [String]
        @OptionGroup var model: Model
        @Option(help: "Pieces to keep.")
        var size: Int
        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp("Symbols, each in the place of a piece.", valueName: "symbol=piece"))
        var symbols: [String] = []
        @Option(name: .shortAndLong, help: "Where the .model file goes, - for standard output.")
        var output: String
        @OptionGroup(title: "General") var general: GeneralFlags

        func validate() throws {
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
                try Console.summarize(
                    "\(output): \(trim.tokenizer.vocabularySize) pieces; the text has \(usage.tokens) tokens, "
                        + "\(usage.pieces) different; \(usage.changedTokens) tokens change", of: output)
            }
        }
    }
}
