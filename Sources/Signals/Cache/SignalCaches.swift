import Corpora
import Foundation
import Support

/// Several signal caches read as one. A document that is in one of them has its signals; a document that is in several has
/// their mean.
///
/// Use it when a corpus was labelled in parts, or to distil from several teachers from their caches alone.
public final class SignalCaches {
    /// At least one.
    public let caches: [SignalCache]

    /// The caches that hold a document, as a bit set: bit i is set for the i-th.
    package typealias Holders = UInt64

    /// - Parameter caches: at least one, 64 at most, of one temperature
    public init(_ caches: [SignalCache]) {
        precondition((1...64).contains(caches.count), "\(caches.count) caches")
        self.caches = caches
    }

    /// The softmax temperature of all caches.
    public var temperature: Float { caches[0].manifest.origin.temperature }

    /// Refuses caches that were made for another student, that have several temperatures, or that together lack signals for a
    /// document.
    ///
    /// - Parameters:
    ///   - corpus: the documents to train on
    ///   - tokenizer: SHA-256 of the student's tokenizer
    ///   - pieces: SHA-256 of its pieces, see `SignalCache.require`
    ///   - template: the Jinja text of its chat template; nil without one
    ///   - vocabularySize: number of its token ids
    /// - Throws: `UserError` naming the cache
    public func check(
        _ corpus: EncodedCorpus, tokenizer: Fingerprint, pieces: Fingerprint? = nil, template: String?,
        vocabularySize: Int
    ) throws {
        for cache in caches {
            try cache.require(
                tokenizer: tokenizer, pieces: pieces, template: template, vocabularySize: vocabularySize)
            guard cache.manifest.origin.temperature == temperature else {
                throw UserError(
                    "was taken at temperature \(cache.manifest.origin.temperature), "
                        + "\(caches[0].directory.relativePath) at \(temperature)",
                    file: cache.directory.relativePath, hint: "label with one temperature",
                    status: .configuration)
            }
        }
        if caches.count == 1 { return try caches[0].requireAll(corpus) }
        for index in 0..<corpus.count {
            let holders = try holders(of: corpus.document(index))
            guard holders.nonzeroBitCount > 1 else { continue }
            for cache in members(holders) where cache.manifest.origin.kind.name != "sampled" {
                throw UserError(
                    "has a document that another cache has too: \(cache.manifest.origin.kind.name) signals "
                        + "cannot be averaged, since each leaves out other tokens",
                    file: cache.directory.relativePath,
                    hint: "label with kind sampled, or let each document be in one cache",
                    status: .configuration)
            }
        }
    }

    /// The caches that hold a document.
    ///
    /// - Throws: `UserError` when none does
    package func holders(of document: EncodedDocument) throws -> Holders {
        // A single cache reports missing documents itself.
        guard caches.count > 1 else { return 1 }
        let key = RecordKey(document)
        let holders = caches.enumerated().reduce(Holders(0)) {
            $1.element.holds(key) ? $0 | 1 << $1.offset : $0
        }
        if holders == 0 { throw caches[0].missing(document) }
        return holders
    }

    /// The signals of documents that are in the same caches.
    package func signal(for documents: [EncodedDocument], in holders: Holders) throws -> SparseSignal {
        let signals = try members(holders).map { try $0.signal(for: documents) }
        return signals.count == 1 ? signals[0] : .mean(of: signals)
    }

    /// The layers whose hidden states the caches store; nil without any.
    package var hiddenLayers: HiddenLayers? { caches[0].manifest.origin.hidden }

    /// Refuses caches without hidden states, and caches that store those of different layers.
    ///
    /// - Throws: `UserError` naming the cache
    public func requireHidden() throws {
        for cache in caches {
            guard cache.manifest.origin.hidden != nil else {
                throw UserError(
                    "stores no hidden states, which the feature losses compare",
                    file: cache.directory.relativePath,
                    hint: "label with hidden and the layers' numbers", status: .configuration)
            }
            guard cache.manifest.origin.hidden == hiddenLayers else {
                throw UserError(
                    "stores other hidden states than \(caches[0].directory.relativePath)",
                    file: cache.directory.relativePath, hint: "label with the same layers of one shape",
                    status: .configuration)
            }
        }
    }

    /// The hidden states of documents that are in the same caches, from the first of these.
    package func hidden(for documents: [EncodedDocument], in holders: Holders) throws -> CachedHidden? {
        try members(holders)[0].hidden(for: documents)
    }

    private func members(_ holders: Holders) -> [SignalCache] {
        caches.indices.filter { holders & 1 << $0 != 0 }.map { caches[$0] }
    }
}

extension SparseSignal {
    /// The mean of several teachers' signals at the same positions: the mean of the weights, which is unbiased for the mean of
    /// their distributions.
    ///
    /// The entropy is the mean of theirs, so that the expected forward KL is the mean of the divergences from each.
    ///
    /// - Parameter signals: sampled, of one temperature
    static func mean(of signals: [SparseSignal]) -> SparseSignal {
        let first = signals[0]
        precondition(
            signals.allSatisfy {
                $0.tails.isEmpty && $0.positions == first.positions && $0.temperature == first.temperature
            }, "sampled signals of the same positions and temperature")
        let fraction = 1 / Float(signals.count)
        var mean = SparseSignal(kind: first.kind, temperature: first.temperature)
        for position in 0..<first.positions {
            var entries: [(id: Int32, weight: Float)] = []
            for signal in signals {
                for entry in signal.offsets[position]..<signal.offsets[position + 1] {
                    entries.append((signal.ids[entry], fraction * signal.weights[entry]))
                }
            }
            // A stable order, so that sums have the same bits on every machine.
            for (id, weight) in entries.enumerated().sorted(by: {
                ($0.element.id, $0.offset) < ($1.element.id, $1.offset)
            }).map(\.element) {
                if mean.ids.count > mean.offsets.last!, mean.ids.last == id {
                    mean.weights[mean.weights.count - 1] += weight
                } else {
                    mean.ids.append(id)
                    mean.weights.append(weight)
                }
            }
            mean.offsets.append(mean.ids.count)
            mean.entropies.append(signals.reduce(0) { $0 + fraction * $1.entropies[position] })
        }
        return mean
    }
}
