import ArgumentParser
import Foundation
import Support
import Tokenization

extension TokenizerCommand {
    struct Convert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a byte-level BPE tokenizer as a tokenizer.json.",
            discussion: """
                For files that other tools and recipes do not read: tekken.json, tiktoken files, the vocabulary of a GGUF \
                file. A tiktoken file holds neither the pattern that divides text nor special tokens: both are known for \
                Llama 3, Llama 4 and Qwen; for others name the pattern, and have the special tokens in \
                tokenizer_config.json beside it (added_tokens_decoder).

                EXAMPLES
                  distill tokenizer convert original/tokenizer.model --output tokenizer.json
                  distill tokenizer convert my.tiktoken --pattern qwen2 --output tokenizer.json
                """)

        @OptionGroup var model: Model
        @Option(name: .shortAndLong, help: "The tokenizer.json to write, - for standard output.")
        var output: String
        @OptionGroup var summary: SummaryFlag
        @OptionGroup(title: "General") var general: GeneralFlags

        /// What `tokenizer convert --json` prints.
        private struct Summary: Encodable {
            let path: String
            let vocabularySize: Int
        }

        func validate() throws { try summary.validate(output: output) }

        func run() throws {
            try general.running {
                try OutputCheck.refuse(output, amongInputs: [model.model])
                let tokenizer = try model.load(general)
                guard !tokenizer.isSentencePiece else {
                    throw UserError(
                        "is a SentencePiece vocabulary, which other tools read as it is", file: model.model,
                        hint:
                            "give a tekken.json, a tiktoken file or a GGUF file with a byte-level BPE vocabulary"
                    )
                }
                try Console.write(tokenizer.serializedModel, toFile: output)
                if summary.json {
                    return try printJSON(Summary(path: output, vocabularySize: tokenizer.vocabularySize))
                }
                try Console.summarize("\(output): \(tokenizer.vocabularySize) pieces", of: output)
            }
        }
    }
}
