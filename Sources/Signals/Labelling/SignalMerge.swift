import Foundation
import Support

/// Joins the shards of a labelled corpus: signal caches of `LabelingJob` or `EndpointLabelingJob` with a shard.
///
///     let merge = try SignalMerge([URL(filePath: "signals-1"), URL(filePath: "signals-2")])
///     try merge.write(to: URL(filePath: "signals"))
///
/// The result has the bytes of a cache that was labelled without shards, whatever their number. Memory is that of one file of the cache.
public struct SignalMerge {
    /// The shards in order.
    private let caches: [(directory: URL, manifest: SignalManifest)]
    private let shardDocuments: Int

    /// Checks the shards: their manifests, the digest and columns of every file, and that the documents together are those of the corpus.
    ///
    /// - Parameter directories: of the caches, in any order; at least one
    /// - Complexity: O(bytes of the caches)
    /// - Throws: `UserError` that names the directory or file and what it lacks: a shard that is missing, there twice, unfinished, damaged, or
    ///   made from another teacher, other options or another corpus
    public init(_ directories: [URL]) throws { try self.init(directories, shardDocuments: nil) }

    /// - Parameter shardDocuments: documents per file, fewer in tests
    init(_ directories: [URL], shardDocuments: Int?) throws {
        precondition(!directories.isEmpty, "no shard")
        let caches = try directories.map { (directory: $0, manifest: try SignalManifest(contentsOf: $0)) }
        let order = try Shard.order(
            caches.map { ($0.manifest.corpusShard, $0.directory.relativePath) },
            differences: { caches[$0].manifest.differences(from: caches[0].manifest) })
        self.caches = order.map { caches[$0] }
        self.shardDocuments = shardDocuments ?? LabelingJob.shardDocuments(for: caches[0].manifest.origin)
        try requireTheCorpus()
    }

    /// Refuses damaged files, and shards that together do not hold the documents of the corpus.
    private func requireTheCorpus() throws {
        var keys = Data()
        for (directory, manifest) in caches {
            do {
                for file in manifest.shards {
                    let shard = try SignalShard(file, of: manifest, in: directory)
                    for record in 0..<shard.count {
                        keys.append(contentsOf: shard.key(ofRecord: record).bytes)
                    }
                    shard.file.releasePages()
                }
            } catch var error as UserError {
                error.hint = "copy it again, or label shard \(manifest.corpusShard!) again"
                throw error
            }
        }
        guard Fingerprint(of: keys) == caches[0].manifest.documents else {
            throw UserError(
                "the shards do not hold the documents of the corpus, each once",
                hint: "label all of them with one version of distill")
        }
    }

    /// Number of documents.
    private var total: Int { caches.reduce(0) { $0 + $1.manifest.records } }

    /// Writes the cache of the whole corpus. An interrupted call is resumed by the next one; a finished cache is left as it is.
    ///
    /// - Parameters:
    ///   - directory: of the cache
    ///   - progress: receives the documents done
    /// - Returns: its manifest
    /// - Throws: `UserError` when the directory holds anything else, a shard has changed since, or the disk refuses; `Interrupted`
    @discardableResult
    public func write(to directory: URL, progress: ProgressHandler? = nil) throws -> SignalManifest {
        let first = caches[0].manifest
        let writer = try SignalWriter(
            directory: directory, origin: first.origin, documents: first.documents, count: total,
            shardDocuments: shardDocuments)
        return try Interruption.saving {
            try writer.finishing(stage: "merge", progress) { try copyRecords(to: writer, $0) }
        }
    }

    /// Records that are copied at once; an interruption costs as many.
    private static let batch = 64

    /// Writes the records behind those that are written already.
    private func copyRecords(to writer: SignalWriter, _ advance: (Int) -> Void) throws {
        var written = writer.count
        for (directory, manifest) in caches {
            for file in manifest.shards {
                guard written < file.records else {
                    written -= file.records
                    continue
                }
                let shard = try SignalShard(file, of: manifest, in: directory)
                var next = written
                written = 0
                while next < shard.count {
                    try Interruption.check()
                    let end = min(next + min(Self.batch, writer.shardEnd - writer.count), shard.count)
                    let records = try (next..<end).map(shard.record)
                    try writer.append(records)
                    try writer.closeShardIfWhole()
                    shard.file.releasePages()
                    next = end
                    advance(records.reduce(0) { $0 + $1.ids.count })
                }
            }
        }
    }
}

extension SignalManifest {
    /// The differences of what both are made from, one line for each.
    fileprivate func differences(from other: SignalManifest) -> [String] {
        origin.differences(from: other.origin)
            + (documents == other.documents ? [] : ["the documents differ"])
    }
}
