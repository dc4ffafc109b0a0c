import Corpora
import Transformer

// n documents, C width of the model.

/// K-center core-set selection: chooses the document farthest from all chosen ones, beginning with the one nearest to the
/// mean (Sener & Savarese 2018, arXiv 1708.00489). No document is left far from a chosen one.
///
/// Distances are Euclidean, between mean final hidden states.
public struct KCenterSelection: SelectionMethod {
    private let model: DecoderModel

    /// - Parameter model: computes the hidden states
    public init(model: DecoderModel) { self.model = model }

    /// Chooses documents by distance.
    ///
    /// - Complexity: one forward pass per document, then O(n C) per chosen document
    /// - Throws: `UserError` when the disk fails
    public func choose(
        from corpus: EncodedCorpus, budget: Int, progress: ((_ done: Int) -> Void)?
    ) throws -> [Int] {
        var choice = DocumentChoice(lengths: corpus.lengths, budget: budget)
        let features = try DocumentFeatures.meanHiddenStates(corpus, of: model, progress)
        let mean = DocumentFeatures.mean(features)
        var distances = features.map { DocumentFeatures.squaredDistance($0, mean) }
        var best = distances.indices.min { distances[$0] < distances[$1] }
        while let next = best {
            // A document that was taken or does not fit is out of the search.
            if choice.take(next) {
                for index in features.indices where distances[index] >= 0 {
                    let distance = DocumentFeatures.squaredDistance(features[index], features[next])
                    distances[index] =
                        choice.chosen.count == 1 ? distance : min(distances[index], distance)
                }
            }
            distances[next] = -1
            best = distances.indices.max { distances[$0] < distances[$1] }.flatMap {
                distances[$0] >= 0 ? $0 : nil
            }
        }
        return choice.chosen.sorted()
    }
}
