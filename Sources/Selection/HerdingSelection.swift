import Corpora
import Transformer

// n documents, C width of the model.

/// Herding: chooses the document that moves the mean of the chosen closest to the mean of all (Welling 2009).
///
/// The means are of final hidden states.
public struct HerdingSelection: SelectionMethod {
    private let model: DecoderModel

    /// - Parameter model: computes the hidden states
    public init(model: DecoderModel) { self.model = model }

    /// Chooses documents by the mean of the choice.
    ///
    /// - Complexity: one forward pass per document, then O(n C) per chosen document
    /// - Throws: `UserError` when the disk fails
    public func choose(
        from corpus: EncodedCorpus, budget: Int, progress: ((_ done: Int) -> Void)?
    ) throws -> [Int] {
        var choice = DocumentChoice(lengths: corpus.lengths, budget: budget)
        let features = try DocumentFeatures.meanHiddenStates(corpus, of: model, progress)
        let mean = DocumentFeatures.mean(features)
        var sum = mean.map { _ in Float(0) }
        var left = Set(features.indices)
        while !left.isEmpty {
            let count = Float(choice.chosen.count + 1)
            // argmin ‖mean − (sum + φ)/count‖².
            let wanted = zip(mean, sum).map { count * $0 - $1 }
            let next = left.map { ($0, DocumentFeatures.squaredDistance(features[$0], wanted)) }
                .min { ($0.1, $0.0) < ($1.1, $1.0) }!.0
            left.remove(next)
            if choice.take(next) { for i in sum.indices { sum[i] += features[next][i] } }
            if choice.room < 2 { break }
        }
        return choice.chosen.sorted()
    }
}
