import Corpora
import Foundation
import Support
import Tensors
import Transformer

/// Runs a teacher over a corpus and writes its signal cache.
///
/// Work goes shard by shard; a shard on disk is whole. Started again after a kill, labelling goes on after the last
/// whole shard, and the cache's bytes are those of a run never killed.
public struct Labeler {
    private let teacher: Decoder
    private let origin: SignalManifest.Origin
    private let capture: SignalCapture

    /// Documents in a shard: a few megabytes, seconds of work.
    private static let shardDocuments = 2048
    /// Tokens run through the teacher at once: enough for products to reach their best rate.
    private static let batchTokens = 2048

    public init(teacher: Decoder, origin: SignalManifest.Origin) {
        self.teacher = teacher
        self.origin = origin
        capture = SignalCapture(kind: origin.kind, temperature: origin.temperature, seed: origin.seed)
    }

    /// Labels all documents into `directory`, which may hold the shards of an interrupted run. Documents that occur
    /// twice are labelled once.
    ///
    /// - Throws: `UserError` when the directory holds a cache made from something else, or the disk refuses
    @discardableResult
    public func label(
        _ documents: [EncodedDocument], into directory: URL, progress: ProgressHandler? = nil
    ) throws -> SignalManifest {
        try FileManager.default.createDirectories(at: directory)
        var seen: Set<RecordKey> = []
        let unique = documents.filter { seen.insert(RecordKey(ids: $0.ids, isTarget: $0.kept)).inserted }
        let pending = PendingShards(directory: directory)
        var shards = try pending.resume(origin: origin)
        progress?(.began(stage: "label", total: unique.count, unit: "documents"))
        var done = shards.reduce(0) { $0 + $1.records }
        if done > 0 { progress?(.note("label: resumed at document \(done) of \(unique.count)")) }
        var tokens = 0
        while done < unique.count {
            let part = Array(unique[done..<min(done + Self.shardDocuments, unique.count)])
            let records = records(of: part) { documents, batchTokens in
                tokens += batchTokens
                progress?(.advanced(stage: "label", done: done + documents, tokens: tokens, loss: nil))
            }
            shards.append(try write(records, number: shards.count, in: directory))
            try pending.save(origin: origin, shards: shards)
            done += part.count
        }
        let manifest = SignalManifest(origin: origin, shards: shards)
        try manifest.save(in: directory)
        try pending.remove()
        progress?(.finished(stage: "label", summary: manifest.summary))
        return manifest
    }

    private func records(
        of documents: [EncodedDocument], progress: (_ documents: Int, _ tokens: Int) -> Void
    ) -> [SignalRecord] {
        var records: [SignalRecord] = []
        var start = 0
        while start < documents.count {
            var (end, size) = (start, 0)
            while end < documents.count, end == start || size + documents[end].ids.count <= Self.batchTokens {
                size += documents[end].ids.count
                end += 1
            }
            records += label(Array(documents[start..<end]))
            start = end
            progress(start, size)
        }
        return records
    }

    private func label(_ documents: [EncodedDocument]) -> [SignalRecord] {
        let keys = documents.map { RecordKey(ids: $0.ids, isTarget: $0.kept) }
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: documents.map(\.ids)), isTarget: documents.flatMap(\.kept))
        let entries = capture.capture(teacher: teacher, batch: batch, records: keys.map(\.streamIndex))
        var next = 0
        return zip(documents, keys).map { document, key in
            let positions = (0..<Int32(document.ids.count - 1)).filter { document.kept[Int($0) + 1] }
            defer { next += positions.count }
            return SignalRecord(
                key: key, ids: document.ids, positions: positions,
                entries: Array(entries[next..<next + positions.count]))
        }
    }

    private func write(_ records: [SignalRecord], number: Int, in directory: URL) throws
        -> SignalManifest.Shard
    {
        let digits = String(number)
        let name =
            "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".safetensors"
        let url = directory.appendingPathComponent(name)
        try SignalShard.write(records, kind: origin.kind, vocabulary: origin.vocabularySize, to: url)
        let bytes = try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
        return SignalManifest.Shard(
            file: name, fingerprint: try Fingerprint(fileAt: url), records: records.count,
            tokens: records.reduce(0) { $0 + $1.ids.count },
            positions: records.reduce(0) { $0 + $1.positions.count }, bytes: bytes)
    }
}

/// The shards of a cache that is not finished yet, in `pending.json`.
private struct PendingShards {
    let directory: URL

    private struct Content: Codable {
        var origin: SignalManifest.Origin
        var shards: [SignalManifest.Shard]
    }

    private var url: URL { directory.appendingPathComponent("pending.json") }

    /// The whole shards written so far, none for a fresh directory.
    func resume(origin: SignalManifest.Origin) throws -> [SignalManifest.Shard] {
        if FileManager.default.fileExists(atPath: SignalManifest.url(in: directory).path) {
            let finished = try SignalManifest(contentsOf: directory)
            try refuse(origin.differences(from: finished.origin))
            return finished.shards
        }
        guard FileManager.default.fileExists(atPath: url.path) else { return [] }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(contentsOf: url)) else {
            throw UserError(
                "is damaged", file: url.relativePath, remedy: "delete the directory and label again")
        }
        try refuse(origin.differences(from: content.origin))
        return content.shards
    }

    private func refuse(_ differences: [String]) throws {
        guard !differences.isEmpty else { return }
        throw UserError(
            "holds signals made from something else: " + differences.joined(separator: "; "),
            file: directory.relativePath, remedy: "name another directory, or delete this one",
            status: .cannotCreate)
    }

    func save(origin: SignalManifest.Origin, shards: [SignalManifest.Shard]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try AtomicFile.write(try encoder.encode(Content(origin: origin, shards: shards)), to: url)
    }

    func remove() throws {
        if FileManager.default.fileExists(atPath: url.path) { try FileManager.default.removeItem(at: url) }
    }
}

extension SignalManifest {
    /// Bytes on disk for each position that carries a signal.
    public var bytesPerPosition: Double { Double(bytes) / Double(max(positions, 1)) }

    public var summary: String {
        let perToken = bytesPerPosition.formatted(.number.precision(.fractionLength(1)))
        return "\(records) documents, \(positions) positions, \(perToken) bytes a position"
    }
}
