import ArgumentParser
import Corpora
import Evaluation
import Foundation
import Support

extension TokenizerCommand {
    struct Count: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count what a corpus comes to: records, tokens, targets.",
            discussion: """
                Encodes and cuts the corpus as training and labelling do, and keeps nothing of it.

                Example:
                  distill tokenizer count --model tokenizer.model --corpus chats.jsonl stories.jsonl --context 256
                """)

        @OptionGroup var model: Model
        @OptionGroup var corpus: CorpusFlags
        @Flag(help: "Print JSON.")
        var json = false
        @OptionGroup(title: "General") var general: GeneralFlags

        func run() throws {
            try general.running {
                let encoder = CorpusEncoder(
                    tokenizer: try model.load(), contextLength: corpus.context,
                    scope: corpus.scope ?? Evaluator.standardScope)
                let summary = try encoder.encode(corpus.reader()).summary
                if json { return try printJSON(summary) }
                try Console.print("\(summary)")
            }
        }
    }
}
