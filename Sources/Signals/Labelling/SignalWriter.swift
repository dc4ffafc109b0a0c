import Foundation
import Support

/// Writes a signal cache shard by shard, and resumes one that was interrupted.
///
/// Beside the shards there are two files until the cache is finished: `pending.json` lists the whole shards, and
/// `pending.records` holds the records of the next one, batch by batch, so that a kill or a full disk costs one batch. The
/// bytes of a shard do not depend on interruptions.
final class SignalWriter {
    let directory: URL
    let origin: SignalManifest.Origin
    /// Digest of the documents of the corpus and their order.
    let documents: Fingerprint
    /// The part of them that is labelled; nil for all.
    let corpusShard: Shard?
    /// The number of documents before that part.
    private let start: Int
    /// Number of documents to be labelled.
    private let total: Int
    private let shardDocuments: Int
    private let lock: FileLock

    private var shards: [SignalManifest.Shard] = []
    /// Records of the shard that is not written yet.
    private var pending: [SignalRecord] = []
    private var log: FrameLog?

    /// Opens a directory, which is created if need be, and reads what an interrupted run left in it.
    ///
    /// - Parameters:
    ///   - directory: of the cache
    ///   - origin: what it is made from
    ///   - documents: digest of all documents of the corpus
    ///   - count: number of documents to be labelled
    ///   - shardDocuments: documents per file. A file of a part of the corpus ends where one of the whole does
    ///   - corpusShard: the part of the corpus that is labelled; nil for all
    ///   - start: the number of documents before that part
    /// - Throws: `UserError` when the directory holds anything else, another process writes to it, or the disk refuses
    init(
        directory: URL, origin: SignalManifest.Origin, documents: Fingerprint, count: Int,
        shardDocuments: Int, corpusShard: Shard? = nil, start: Int = 0
    ) throws {
        self.directory = directory
        (self.corpusShard, self.start) = (corpusShard, start)
        self.origin = origin
        self.documents = documents
        total = count
        self.shardDocuments = shardDocuments
        try FileManager.default.createDirectories(at: directory)
        // Two processes in one directory would mix their shards.
        lock = try FileLock(directory: directory)
        shards = try resumedShards()
        try openShard()
    }

    /// Number of documents whose records are written.
    var count: Int { wholeShardsCount + pending.count }

    private var wholeShardsCount: Int { shards.reduce(0) { $0 + $1.records } }

    /// Number of documents up to the end of the current shard; a batch does not reach past it.
    var shardEnd: Int {
        min(((start + wholeShardsCount) / shardDocuments + 1) * shardDocuments - start, total)
    }

    /// Whether documents are left, or the records of the last shard are not written as a shard yet.
    var isOpen: Bool { log != nil }

    /// Appends the records of the next documents.
    ///
    /// - Throws: `UserError` when the disk refuses
    func append(_ batch: [SignalRecord]) throws {
        guard let log else { preconditionFailure("all documents are labelled") }
        precondition(count + batch.count <= shardEnd, "a batch does not reach past the shard")
        try log.append(SignalRecord.frame(batch, shard: shards.count, start: pending.count))
        pending += batch
    }

    /// Writes the current shard and begins the next one, if all of its documents are labelled.
    ///
    /// - Throws: `UserError` when the disk refuses
    func closeShardIfWhole() throws {
        guard isOpen, count == shardEnd else { return }
        shards.append(try write(pending, number: shards.count))
        pending = []
        try savePending(shards)
        try log?.remove()
        log = nil
        try openShard()
    }

    /// Writes the manifest, which makes the cache a finished one.
    ///
    /// - Throws: `UserError` when the disk refuses
    func finish() throws -> SignalManifest {
        precondition(!isOpen && count == total, "\(count) of \(total) documents are labelled")
        let manifest = SignalManifest(
            origin: origin, documents: documents, shards: shards, corpusShard: corpusShard)
        try manifest.save(in: directory)
        try removePendingFiles()
        return manifest
    }

    /// Writes what earlier runs have left of the documents, and finishes the cache.
    ///
    /// - Parameters:
    ///   - stage: the name in progress events
    ///   - body: writes until no document is left; calls its argument with the number of tokens written since
    /// - Throws: `UserError` when the disk refuses, and what `body` throws
    func finishing(
        stage: String = "label", _ progress: ProgressHandler?, _ body: ((Int) -> Void) throws -> Void
    ) throws -> SignalManifest {
        progress?(.began(stage: stage, total: total, unit: "documents"))
        if isOpen, count > 0 { progress?(.note("\(stage): resumed at document \(count) of \(total)")) }
        var tokens = 0
        // A kill may have come between the last record of a shard and its file.
        if isOpen { try closeShardIfWhole() }
        if isOpen {
            try body {
                tokens += $0
                progress?(.advanced(stage: stage, done: self.count, tokens: tokens, loss: nil))
            }
        }
        let manifest = try finish()
        progress?(.finished(stage: stage, summary: manifest.summary))
        return manifest
    }

    // MARK: - Shards

    /// Begins the next shard, with the records that an interrupted run left of it.
    private func openShard() throws {
        guard count < total else { return }
        // Before any record: the list identifies the corpus of the records.
        try savePending(shards)
        let (shard, capacity) = (shards.count, shardEnd - count)
        var found: [SignalRecord] = []
        log = try FrameLog(at: Self.recordsURL(in: directory)) { frame in
            guard
                let batch = SignalRecord.records(
                    ofFrame: frame, shard: shard, start: found.count, hidden: origin.hidden),
                found.count + batch.count <= capacity
            else { return false }
            found += batch
            return true
        }
        pending = found
    }

    private func write(_ records: [SignalRecord], number: Int) throws -> SignalManifest.Shard {
        let digits = String(number)
        let name =
            "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".safetensors"
        let url = directory.appendingPathComponent(name)
        try SignalShard.write(
            records, kind: origin.kind, vocabulary: origin.vocabularySize, hidden: origin.hidden, to: url)
        let bytes = try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
        return SignalManifest.Shard(
            file: name, fingerprint: try Fingerprint(fileAt: url), records: records.count,
            tokens: records.reduce(0) { $0 + $1.ids.count },
            positions: records.reduce(0) { $0 + $1.positions.count },
            entries: records.reduce(0) { $1.entries.reduce($0) { $0 + $1.ids.count + $1.tailIDs.count } },
            bytes: bytes)
    }
}
