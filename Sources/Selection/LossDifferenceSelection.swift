import Corpora
import Transformer

/// Difference sampling: chooses the documents on which a model's loss is lowest compared with a small model's, by the mean of
/// ln p_model − ln p_small over targets (MiniPLM, arXiv 2410.17215). It leaves out what both models predict and what neither
/// does.
public struct LossDifferenceSelection: SelectionMethod {
    private let model: DecoderModel
    private let small: DecoderModel

    /// - Parameters:
    ///   - model: such as the teacher
    ///   - small: trained on some of the text, with the model's tokenizer
    public init(model: DecoderModel, small: DecoderModel) {
        self.model = model
        self.small = small
    }

    /// Chooses documents by their difference in loss.
    ///
    /// - Complexity: two forward passes per document
    /// - Throws: `UserError` when the disk fails
    public func choose(
        from corpus: EncodedCorpus, budget: Int, progress: ((_ done: Int) -> Void)?
    ) throws -> [Int] {
        var choice = DocumentChoice(lengths: corpus.lengths, budget: budget)
        let large = try DocumentFeatures.losses(corpus, of: model, progress)
        let scores = zip(try DocumentFeatures.losses(corpus, of: small, progress), large).map { $0 - $1 }
        choice.takeHighest(scores)
        return choice.chosen.sorted()
    }
}
