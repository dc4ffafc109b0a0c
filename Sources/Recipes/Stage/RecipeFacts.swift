import RecipeSchema
import Tokenization
import Transformer

/// A recipe whose stages are read, for checks across them.
package struct RecipeFacts: ModelLookup {
    let stages: [PlacedStage]
    let context: RecipeContext
    /// The stage that makes the output of a name, the first if two claim it.
    private let makers: [String: (stage: any Stage, output: Int)]

    var problems: Problems { context.problems }

    init(stages: [PlacedStage], context: RecipeContext) {
        self.stages = stages
        self.context = context
        var makers: [String: (stage: any Stage, output: Int)] = [:]
        for stage in stages.map(\.stage) {
            for (index, output) in stage.outputs.enumerated() where makers[output.name] == nil {
                makers[output.name] = (stage, index)
            }
        }
        self.makers = makers
    }

    /// Checks every stage against the others.
    func check() {
        for (index, placed) in stages.enumerated() { placed.stage.check(self, at: index) }
    }

    /// The stage that makes what a reference names, and the index of that output; `nil` for a file.
    func maker(of reference: Reference) -> (stage: any Stage, output: Int)? {
        context.artifact(at: reference.target).flatMap { makers[$0.name] }
    }

    package func configuration(of model: Reference) -> Configuration? {
        switch model.target {
        case .file: model.modelConfiguration(context)
        case .endpoint: nil
        case .output: maker(of: model).flatMap { $0.stage.configuration(ofOutput: $0.output, self) }
        }
    }

    package func vocabularySize(of tokenizer: Reference) -> Int? {
        maker(of: tokenizer).flatMap { $0.stage.vocabularySize(ofOutput: $0.output) }
            ?? configuration(of: tokenizer)?.vocabularySize
    }
}

// MARK: Tokenizers

extension RecipeFacts {
    /// Whether two models that are compared token by token have different tokenizers, as far as they are on disk already.
    func tokenizersDiffer(_ one: Reference, _ other: Reference) -> Bool {
        guard one.target != other.target, let one = one.tokenizer(context),
            let other = other.tokenizer(context)
        else { return false }
        return !one.hasSameIDs(as: other)
    }

    /// How two vocabularies compare.
    enum TokenizerComparison {
        /// One of them does not exist yet, or cannot be read.
        case unknown
        case unrelated
        case match(PieceMatch)

        var isUnrelated: Bool { if case .unrelated = self { true } else { false } }
    }

    /// How the pieces of a vocabulary are found in that of a model that it is compared with.
    func comparison(of tokenizer: Reference, with model: Reference) -> TokenizerComparison {
        guard tokenizer.target != model.target, let tokenizer = tokenizer.tokenizer(context),
            let other = model.tokenizer(context)
        else { return .unknown }
        return tokenizer.match(in: other).map { .match($0) } ?? .unrelated
    }
}
