import Corpora
import Foundation
import Support
import Tensors

/// A teacher's token distributions over a corpus, stored on disk: a directory of safetensors shards and a manifest.
///
/// Label once, train often: with a cache, a training step costs about what cross-entropy costs, and the teacher need not be in
/// memory. Records are found by the hash of their tokens and loss mask, so a cache cannot be misaligned with a corpus.
///
///     let cache = try SignalCache(directory: url)
///     let signal = try cache.signal(for: [document])   // M positions, a few of the V token ids for each
///
/// The shards are mapped, and a record is decoded when it is asked for: memory does not grow with the cache. Write one with
/// `LabelingJob`; read several at once with `SignalCaches`.
///
/// - Complexity: opening checks every shard, O(bytes), and keeps some 100 bytes per record. A record is decoded in O(ids
///   stored).
/// - Note: One thread at a time.
/// - SeeAlso: Random-sampling knowledge distillation, arXiv 2503.16870.
public final class SignalCache {
    /// The cache's directory.
    public let directory: URL
    /// What it was made from.
    public let manifest: SignalManifest
    private let shards: [SignalShard]
    private let locations: [RecordKey: Location]

    /// Where a record is stored.
    private struct Location {
        let shard: UInt32
        let record: UInt32
    }

    /// Opens a finished cache, and checks each shard's digest and columns.
    ///
    /// - Throws: `UserError` naming the file, when the cache is unfinished, damaged or of another version
    public init(directory: URL) throws {
        self.directory = directory
        let manifest = try SignalManifest(contentsOf: directory)
        self.manifest = manifest
        shards = try manifest.shards.map { try SignalShard($0, of: manifest, in: directory) }
        var locations: [RecordKey: Location] = [:]
        locations.reserveCapacity(shards.reduce(0) { $0 + $1.count })
        for (index, shard) in shards.enumerated() {
            for record in 0..<shard.count {
                let key = shard.key(ofRecord: record)
                if locations[key] == nil {
                    locations[key] = Location(shard: UInt32(index), record: UInt32(record))
                }
            }
        }
        self.locations = locations
        releasePages()
    }

    /// Refuses a cache that was made for another student.
    ///
    /// - Parameters:
    ///   - tokenizer: SHA-256 of the student's tokenizer
    ///   - pieces: SHA-256 of its pieces: the same pieces in another file will do; nil to compare files alone
    ///   - template: the Jinja text of its chat template; nil without one
    ///   - vocabularySize: its token ids
    /// - Throws: `UserError` that names every difference
    public func require(
        tokenizer: Fingerprint, pieces: Fingerprint? = nil, template: String?, vocabularySize: Int
    ) throws {
        var wanted = manifest.origin
        wanted.tokenizerFingerprint = tokenizer
        wanted.piecesFingerprint = pieces
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

    /// Refuses a cache that lacks a document of a corpus.
    ///
    /// - Complexity: O(tokens of the corpus)
    /// - Throws: `UserError` for the first document that is not in the cache, or when the disk fails
    public func requireAll(_ corpus: EncodedCorpus) throws {
        for index in 0..<corpus.count { _ = try location(of: corpus.document(index)) }
    }

    /// Whether a document is in the cache.
    func holds(_ key: RecordKey) -> Bool { locations[key] != nil }

    /// Releases the pages of the mapped shards that were read.
    private func releasePages() { for shard in shards { shard.file.releasePages() } }
}

// MARK: - Reading records

extension SignalCache {
    /// The teacher's distributions at the positions before the targets of several documents, in their order.
    ///
    /// - Complexity: O(ids stored for them)
    /// - Throws: `UserError` when a document is not in the cache
    public func signal(for documents: [EncodedDocument]) throws -> SparseSignal {
        defer { releasePages() }
        var signal = SparseSignal(kind: manifest.origin.kind, temperature: manifest.origin.temperature)
        for document in documents {
            let location = try location(of: document)
            try shards[Int(location.shard)].append(record: Int(location.record), to: &signal)
        }
        return signal
    }

    /// The teacher's hidden states at the same positions; nil where the cache stores none.
    ///
    /// - Throws: `UserError` when a document is not in the cache
    public func hidden(for documents: [EncodedDocument]) throws -> CachedHidden? {
        guard let layers = manifest.origin.hidden else { return nil }
        defer { releasePages() }
        let positions = documents.reduce(0) { $0 + $1.targetCount }
        let states = layers.stored.map { _ in Tensor(shape: [positions, layers.width]) }
        var row = 0
        for document in documents {
            let location = try location(of: document)
            row += try shards[Int(location.shard)].copyHidden(
                record: Int(location.record), to: states, row: row)
        }
        return CachedHidden(layers: layers, states: states)
    }

    /// Calls `body` with every record: its token ids, the rows whose next token is a target, and a closure that decodes its
    /// signal.
    ///
    /// - Throws: what `body` throws
    package func forEachRecord(
        _ body: (_ ids: [Int32], _ positions: [Int32], _ signal: () throws -> SparseSignal) throws -> Void
    ) rethrows {
        for shard in shards {
            for record in 0..<shard.count {
                try body(shard.ids(ofRecord: record), shard.positions(ofRecord: record)) {
                    var signal = SparseSignal(
                        kind: manifest.origin.kind, temperature: manifest.origin.temperature)
                    try shard.append(record: record, to: &signal)
                    return signal
                }
                shard.file.releasePages()
            }
        }
    }

    private func location(of document: EncodedDocument) throws -> Location {
        guard let location = locations[RecordKey(document)] else { throw missing(document) }
        return location
    }

    func missing(_ document: EncodedDocument) -> UserError {
        UserError(
            "has no record of a document of \(document.ids.count) tokens, \(document.targetCount) of them targets",
            file: directory.relativePath,
            hint: manifest.corpusShard.map { "it is shard \($0) of a corpus: join all with distill merge" }
                ?? "label the same corpus, with the same context, loss_on and system_turns, as you train on")
    }
}
