import Foundation
import Support
import Tokenization

/// Trains a tokenizer; the output is a directory with `tokenizer.model`.
struct TokenizerExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .tokenizer(let stage) = context.stage else { preconditionFailure("a tokenizer stage") }
        context.progress(.began(stage: context.label, total: 1, unit: "tokenizer"))
        var training = TokenizerTraining(
            kind: stage.kind == .bpe ? .bpe : .unigram, vocabularySize: stage.vocabulary)
        training.userDefinedSymbols += stage.symbols
        let model = try training.train(files: stage.corpus.map(context.url), seed: context.seed)
        try AtomicDirectory.create(at: context.output, obsolete: { $0 == "tokenizer.model" }) { directory in
            try AtomicFile.write(model, to: directory.appending(path: "tokenizer.model"))
        }
        let tokenizer = try Tokenizer(contentsOf: context.output)
        return StageResult(
            summary: "\(tokenizer.vocabularySize) pieces",
            figures: ["pieces": Double(tokenizer.vocabularySize)])
    }
}
