import Corpora
import Foundation
import Transformer

/// Batches of a packed corpus, with cached signals where there are any.
public final class CorpusSource: BatchSource {
    private let documents: [EncodedDocument]
    private let cache: SignalCache?
    private let parts: Int
    private var packer: Packer

    /// - Parameters:
    ///   - documents: none longer than `context`
    ///   - cache: must hold every document
    ///   - sequences: sequences of `context` tokens that a step's budget is worth, over all its parts
    ///   - parts: passes that a step is computed in, to save memory
    public init(
        documents: [EncodedDocument], cache: SignalCache? = nil, sequences: Int, context: Int, parts: Int = 1,
        seed: UInt64
    ) {
        precondition(sequences % parts == 0, "\(sequences) sequences do not divide into \(parts) parts")
        self.documents = documents
        self.cache = cache
        self.parts = parts
        packer = Packer(lengths: documents.map(\.ids.count), budget: sequences / parts * context, seed: seed)
    }

    public func batches(forStep step: Int) throws -> [TrainingBatch] {
        try (0..<parts).map { part in
            let packed = PackedBatch(packer.batch(step * parts + part), of: documents)
            let signal = try cache?.signal(for: packed.documents.map { documents[$0] })
            return TrainingBatch(packed, signal: signal)
        }
    }
}
