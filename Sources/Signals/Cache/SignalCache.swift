import Corpora
import Foundation
import Support
import Tensors

/// A teacher's sparse distributions over a corpus, on disk: a directory of safetensors shards and a manifest.
///
/// A record is found by its content, so a cache cannot be misaligned with the corpus it is read for.
public final class SignalCache {
    public let directory: URL
    public let manifest: SignalManifest
    private let shards: [SignalShard]
    private let places: [RecordKey: (shard: Int, record: Int)]

    /// Opens a finished cache and checks every shard against the manifest.
    ///
    /// - Throws: `UserError` naming the file, when the cache is unfinished, damaged or of another version
    public init(directory: URL) throws {
        self.directory = directory
        let manifest = try SignalManifest(contentsOf: directory)
        self.manifest = manifest
        shards = try manifest.shards.map { shard in
            let url = directory.appendingPathComponent(shard.file)
            guard try Fingerprint(fileAt: url) == shard.fingerprint else {
                throw UserError(
                    "is damaged: its content is not what was written", file: url.relativePath,
                    hint: "label the corpus again")
            }
            return try SignalShard(
                contentsOf: url, kind: manifest.origin.kind, temperature: manifest.origin.temperature,
                vocabulary: manifest.origin.vocabularySize, hidden: manifest.origin.hidden)
        }
        places = Dictionary(
            shards.enumerated().flatMap { shard, content in
                content.keys.enumerated().map { ($1, (shard: shard, record: $0)) }
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Refuses a cache that was made from something else.
    ///
    /// - Throws: `UserError` that spells every difference out
    public func require(tokenizer: Fingerprint, template: String?, vocabularySize: Int) throws {
        var wanted = manifest.origin
        wanted.tokenizerFingerprint = tokenizer
        wanted.template = template
        wanted.vocabularySize = vocabularySize
        let differences = wanted.differences(from: manifest.origin)
        guard differences.isEmpty else {
            throw UserError(
                "was made for another student: " + differences.joined(separator: "; "),
                file: directory.relativePath,
                hint: "label the corpus again, or use the student's own tokenizer")
        }
    }

    /// The signal over the kept positions of several documents, in their order.
    ///
    /// - Throws: `UserError` when a document is not in the cache
    public func signal(for documents: [EncodedDocument]) throws -> SparseSignal {
        var signal = SparseSignal(kind: manifest.origin.kind, temperature: manifest.origin.temperature)
        for document in documents {
            guard let place = places[RecordKey(document)] else {
                throw missing(document)
            }
            shards[place.shard].append(record: place.record, to: &signal)
        }
        return signal
    }

    /// The teacher's hidden states at the same positions; nil where the cache keeps none.
    ///
    /// - Throws: `UserError` when a document is not in the cache
    public func hidden(for documents: [EncodedDocument]) throws -> CachedHidden? {
        guard let layers = manifest.origin.hidden else { return nil }
        let positions = documents.reduce(0) { $0 + $1.keptCount }
        let states = layers.kept.map { _ in Tensor(shape: [positions, layers.width]) }
        var row = 0
        for document in documents {
            guard let place = places[RecordKey(document)] else { throw missing(document) }
            row += try shards[place.shard].copyHidden(record: place.record, to: states, row: row)
        }
        return CachedHidden(layers: layers, states: states)
    }

    /// Checks that every document is in the cache, before any work is begun.
    public func requireAll(_ corpus: EncodedCorpus) throws {
        for index in 0..<corpus.count {
            let document = try corpus.document(index)
            if places[RecordKey(document)] == nil { throw missing(document) }
        }
    }

    /// Whether a document is in the cache.
    func holds(_ key: RecordKey) -> Bool { places[key] != nil }

    func missing(_ document: EncodedDocument) -> UserError {
        UserError(
            "has no record of a document of \(document.ids.count) tokens, \(document.keptCount) of them targets",
            file: directory.relativePath,
            hint: "label the same corpus, with the same context, loss_on and system_turns, as you train on")
    }

    /// Every record, for checks: token ids, kept rows, and what is stored of them.
    public func forEachRecord(
        _ body: (_ ids: [Int32], _ positions: [Int32], _ signal: () -> SparseSignal) throws -> Void
    ) rethrows {
        for shard in shards {
            for record in shard.keys.indices {
                try body(Array(shard.ids(ofRecord: record)), Array(shard.positions(ofRecord: record))) {
                    var signal = SparseSignal(
                        kind: manifest.origin.kind, temperature: manifest.origin.temperature)
                    shard.append(record: record, to: &signal)
                    return signal
                }
            }
        }
    }
}
