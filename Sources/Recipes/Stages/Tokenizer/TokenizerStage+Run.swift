import Foundation
import Support
import Tokenization

extension TokenizerStage {
    /// Trains the tokenizer; the output is a directory with `tokenizer.model`.
    func run(_ context: StageContext) throws -> StageResult {
        context.progress(.began(stage: context.label, total: 1, unit: "tokenizer"))
        var training = TokenizerTraining(
            kind: kind == .bpe ? .bpe : .unigram, vocabularySize: vocabulary)
        training.userDefinedSymbols += symbols
        let model = try training.train(files: corpus.map(context.url), seed: context.seed)
        try AtomicDirectory.create(at: context.output, obsolete: { $0 == "tokenizer.model" }) { directory in
            try AtomicFile.write(model, to: directory.appending(path: "tokenizer.model"))
        }
        let tokenizer = try Tokenizer(contentsOf: context.output)
        return StageResult(
            summary: "\(tokenizer.vocabularySize) pieces",
            metrics: ["pieces": Double(tokenizer.vocabularySize)])
    }
}
