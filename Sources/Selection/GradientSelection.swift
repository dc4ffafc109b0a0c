import Corpora
import Transformer

/// Gradient similarity: chooses the documents whose gradient direction is most similar to that of a target text (LESS, arXiv
/// 2402.04333), see `GradientSimilarity`.
public struct GradientSelection: SelectionMethod {
    private let model: DecoderModel
    private let target: EncodedCorpus
    private let seed: UInt64

    /// - Parameters:
    ///   - model: the model whose gradients are compared, with weights in Float32; it is not modified
    ///   - target: the text that the chosen documents should resemble
    ///   - seed: seed of the random projection
    public init(model: DecoderModel, target: EncodedCorpus, seed: UInt64) {
        self.model = model
        self.target = target
        self.seed = seed
    }

    /// Chooses the documents whose gradients have the largest cosine similarity to the target's.
    ///
    /// - Complexity: one forward and backward pass per document
    /// - Throws: `UserError` when the disk fails
    public func choose(
        from corpus: EncodedCorpus, budget: Int, progress: ((_ done: Int) -> Void)?
    ) throws -> [Int] {
        var choice = DocumentChoice(lengths: corpus.lengths, budget: budget)
        choice.takeHighest(
            try GradientSimilarity(model, seed: seed).scores(of: corpus, target: target, progress: progress))
        return choice.chosen.sorted()
    }
}
