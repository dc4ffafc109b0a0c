import Corpora
import Foundation
import Transformer

/// Batches of a packed corpus, with cached signals where there are any.
public final class CorpusSource: BatchSource {
    private let corpus: EncodedCorpus
    private let cache: SignalCache?
    private let readsHidden: Bool
    private let parts: Int
    private var packer: Packer

    /// - Parameters:
    ///   - corpus: no document is longer than `context`
    ///   - cache: must hold every document
    ///   - readsHidden: whether the batches bring the hidden states that the cache keeps
    ///   - sequences: sequences of `context` tokens that a step's budget is worth, over all its parts
    ///   - parts: passes that a step is computed in, to save memory
    public init(
        corpus: EncodedCorpus, cache: SignalCache? = nil, readsHidden: Bool = false, sequences: Int,
        context: Int, parts: Int = 1, seed: UInt64
    ) {
        self.readsHidden = readsHidden
        precondition(sequences % parts == 0, "\(sequences) sequences do not divide into \(parts) parts")
        self.corpus = corpus
        self.cache = cache
        self.parts = parts
        packer = Packer(lengths: corpus.lengths, budget: sequences / parts * context, seed: seed)
    }

    public func batches(forStep step: Int) throws -> [TrainingBatch] {
        try (0..<parts).map { part in
            let documents = try packer.batch(step * parts + part).map(corpus.document)
            return TrainingBatch(
                PackedBatch(documents), signal: try cache?.signal(for: documents),
                hidden: readsHidden ? try cache?.hidden(for: documents) : nil)
        }
    }

    public var hiddenLayers: HiddenLayers? { readsHidden ? cache?.manifest.origin.hidden : nil }
}
