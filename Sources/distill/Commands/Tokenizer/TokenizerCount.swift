import ArgumentParser
import Corpora
import Evaluation
import Foundation
import Support
import Tokenization

extension TokenizerCommand {
    struct Count: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count the records, tokens and target tokens of a corpus.",
            discussion: """
                The corpus is encoded and truncated as for training and labelling, chats with the model's own chat template; \
                nothing is written.

                EXAMPLES
                  distill tokenizer count tokenizer.model --corpus chats.jsonl stories.jsonl --context 256
                """)

        @OptionGroup var model: Model
        @OptionGroup var corpus: CorpusFlags
        @OptionGroup var chatTemplate: ChatTemplateFlag
        @Flag(help: "Print the counts as JSON.")
        var json = false
        @OptionGroup(title: "General") var general: GeneralFlags

        func run() throws {
            try general.running {
                let (tokenizer, own) = try model.loadWithTemplate(general)
                let encoder = CorpusEncoder(
                    tokenizer: tokenizer,
                    template: chatTemplate.template?.fitted(to: tokenizer) ?? own ?? .roleMarkers,
                    contextLength: corpus.context,
                    scope: corpus.scope ?? Evaluator.standardScope)
                let summary = try encoder.encode(corpus.reader()).summary
                if json { return try printJSON(summary) }
                try Console.print("\(summary)")
            }
        }
    }
}
