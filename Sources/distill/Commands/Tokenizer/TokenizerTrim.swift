import ArgumentParser
import Checkpoints
import Foundation
import Support
import Tokenization

extension TokenizerCommand {
    struct Trim: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Trim a vocabulary to the pieces that a text needs.",
            discussion: """
                Special, byte and user-defined pieces are kept and what the chat template writes, then the pieces of the \
                text, the most frequent first, each with what it is merged from, and then those with the best scores, so \
                that the text is encoded as before. Of a tokenizer.json, added tokens that are not special are kept where \
                the text has them, and reserved ones (<|reserved_special_token_7|>) are not. `distill prune --trim-to` \
                does the same to a model.

                EXAMPLES
                  distill tokenizer trim tokenizer.model corpus.jsonl --size 16384 --output small.model
                  distill tokenizer trim SmolLM2-135M-Instruct corpus.jsonl --size 8192 --output small
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
        @Option(
            name: .shortAndLong,
            help: ArgumentHelp(
                """
                What to write: the .model or .json file, - for standard output. Another name makes a tokenizer.json a \
                directory, with tokenizer_config.json: what begins, ends and pads texts, and the chat template.
                """))
        var output: String
        @OptionGroup var summary: SummaryFlag
        @OptionGroup(title: "General") var general: GeneralFlags

        /// What is written.
        private enum Form {
            case file
            /// A `tokenizer.json` with what it does not say itself.
            case directory

            /// - Throws: `UserError` for a `tokenizer.json` under the name of a SentencePiece model, and the other way round.
            init(_ output: String, of tokenizer: Tokenizer) throws {
                let isFile = ["json", "model"].contains(URL(filePath: output).pathExtension)
                self =
                    isFile || output == StandardStreams.name || tokenizer.isSentencePiece ? .file : .directory
                let other = tokenizer.isSentencePiece ? "json" : "model"
                guard URL(filePath: output).pathExtension == other else { return }
                throw UserError(
                    "the vocabulary is written as a \(tokenizer.fileName)", file: output,
                    hint: tokenizer.isSentencePiece
                        ? "name a .model file" : "name a .json file or a directory",
                    status: .cannotCreate)
            }
        }

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
                let (whole, template) = try Checkpoint.tokenizerAndTemplate(at: general.model(model.model))
                let form = try Form(output, of: whole)
                let symbols = try symbols.map(VocabularyTrim.Symbol.init)
                let required = SpecialTokens().requiredIDs(of: whole, template: template)
                if let problem = VocabularyTrim.problem(
                    of: whole, to: size, required: required, symbols: symbols)
                {
                    throw problem
                }
                let trim = try VocabularyTrim(
                    whole, to: size,
                    texts: CorpusNotes.reader(files).records().flatMap { try $0.texts(writtenBy: template) },
                    required: required, symbols: symbols)
                switch form {
                case .file: try Console.write(trim.tokenizer.serializedModel, toFile: output)
                case .directory:
                    try Checkpoint.saveTokenizer(
                        trim.tokenizer, template: template, to: URL(filePath: output))
                }
                let usage = trim.usage
                if summary.json {
                    return try printJSON(
                        Summary(path: output, vocabularySize: trim.tokenizer.vocabularySize, usage: usage))
                }
                try Console.summarize(
                    "\(output): \(trim.tokenizer.vocabularySize) pieces; the text has \(usage.tokens) tokens, "
                        + "\(usage.pieces) different; \(usage.changedTokens) tokens change"
                        + (usage.hint(for: trim.tokenizer.vocabularySize).map { ": \($0)" } ?? ""), of: output
                )
            }
        }
    }
}
