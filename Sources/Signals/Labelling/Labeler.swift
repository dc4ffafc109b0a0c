import Corpora
import Foundation
import Support
import Tensors
import Transformer

/// Runs a teacher over a corpus and writes its signal cache.
///
/// Work goes shard by shard; a shard on disk is whole, and what is labelled of the next one is kept batch by batch. Started
/// again after a kill or on a disk that was full, labelling goes on after the last whole batch, and the cache's bytes are
/// those of a run never stopped. Started again over a damaged cache, it goes on at the first damaged shard.
public struct Labeler {
    private let teacher: DecoderModel
    private let origin: SignalManifest.Origin
    private let capture: SignalCapture
    private let shardDocuments: Int

    /// Documents in a shard: a few megabytes, seconds of work.
    public static let shardDocuments = 2048
    /// The same where hidden states are kept, which take a hundred times the room.
    public static let shardDocumentsWithHidden = 128
    /// Tokens run through the teacher at once: enough for products to reach their best rate.
    private static let batchTokens = 2048

    public init(teacher: DecoderModel, origin: SignalManifest.Origin) {
        self.init(
            teacher: teacher, origin: origin,
            shardDocuments: origin.hidden == nil ? Self.shardDocuments : Self.shardDocumentsWithHidden)
    }

    /// - Parameter shardDocuments: documents in a shard, fewer in tests
    init(teacher: DecoderModel, origin: SignalManifest.Origin, shardDocuments: Int) {
        self.teacher = teacher
        self.origin = origin
        self.shardDocuments = shardDocuments
        capture = SignalCapture(kind: origin.kind, temperature: origin.temperature, seed: origin.seed)
    }

    /// Labels all documents into `directory`, which may hold the shards of an interrupted run. Documents that occur
    /// twice are labelled once.
    ///
    /// - Throws: `UserError` when a document is too long for the teacher or its vocabulary is not the tokenizer's, when
    ///   the directory holds anything else or another process writes to it, or when the disk refuses
    @discardableResult
    public func label(
        _ corpus: EncodedCorpus, into directory: URL, progress: ProgressHandler? = nil
    ) throws -> SignalManifest {
        try checkVocabulary()
        let (unique, name) = try unique(corpus)
        try FileManager.default.createDirectories(at: directory)
        // Two processes at one directory would mix their shards.
        let lock = try FileLock(directory: directory)
        defer { withExtendedLifetime(lock) {} }
        let pending = PendingShards(directory: directory, origin: origin, documents: name)
        var shards = try pending.resume()
        progress?(.began(stage: "label", total: unique.count, unit: "documents"))
        var done = shards.reduce(0) { $0 + $1.records }
        var (tokens, isFirst) = (0, true)
        while done < unique.count {
            let documents = unique[done..<min(done + shardDocuments, unique.count)]
            // Before any record: it says what the records are of.
            try pending.save(shards)
            let kept = try PendingRecords(
                in: directory, shard: shards.count, count: documents.count, hidden: origin.hidden)
            let resumed = done + kept.records.count
            if isFirst, resumed > 0 {
                progress?(.note("label: resumed at document \(resumed) of \(unique.count)"))
            }
            isFirst = false
            try label(documents.map(corpus.document), into: kept) { documents, batchTokens in
                tokens += batchTokens
                progress?(.advanced(stage: "label", done: done + documents, tokens: tokens, loss: nil))
            }
            shards.append(try write(kept.records, number: shards.count, in: directory))
            try pending.save(shards)
            try kept.remove()
            done += documents.count
        }
        let manifest = SignalManifest(origin: origin, documents: pending.documents, shards: shards)
        try manifest.save(in: directory)
        try pending.remove()
        progress?(.finished(stage: "label", summary: manifest.summary))
        return manifest
    }

    /// The documents that did not occur before, and what names them all in their order.
    private func unique(_ corpus: EncodedCorpus) throws -> (indices: [Int], name: Fingerprint) {
        let context = teacher.configuration.contextLength
        var (seen, keys): (Set<RecordKey>, Data) = ([], Data())
        let indices = try (0..<corpus.count).filter { index in
            let document = try corpus.document(index)
            let length = (document.teacher ?? document.student).ids.count
            guard length <= context else {
                throw UserError(
                    "a document of \(length) tokens exceeds the context of the teacher \(origin.teacher), \(context)",
                    hint: "encode the corpus with a context of at most \(context)")
            }
            let key = RecordKey(document)
            guard seen.insert(key).inserted else { return false }
            keys.append(contentsOf: key.bytes)
            return true
        }
        return (indices, Fingerprint(of: keys))
    }

    private func checkVocabulary() throws {
        let vocabulary = teacher.configuration.vocabularySize
        guard vocabulary == origin.vocabularySize else {
            throw UserError(
                "the teacher \(origin.teacher) has a vocabulary of \(vocabulary), the tokenizer one of "
                    + "\(origin.vocabularySize)", hint: "use the tokenizer the teacher was trained with")
        }
    }

    /// Labels the documents of a shard that have no record yet, batch by batch.
    private func label(
        _ documents: [EncodedDocument], into kept: PendingRecords,
        progress: (_ documents: Int, _ tokens: Int) -> Void
    ) throws {
        func length(_ document: EncodedDocument) -> Int { (document.teacher ?? document.student).ids.count }
        var start = kept.records.count
        while start < documents.count {
            var (end, size) = (start, 0)
            while end < documents.count, end == start || size + length(documents[end]) <= Self.batchTokens {
                size += length(documents[end])
                end += 1
            }
            try Interruption.check()
            try kept.append(label(Array(documents[start..<end])))
            start = end
            progress(start, size)
        }
    }

    private func label(_ documents: [EncodedDocument]) throws -> [SignalRecord] {
        let keys = documents.map(RecordKey.init)
        // A record is found by what the student reads, and holds what the teacher read.
        let views = documents.map { $0.teacher ?? $0.student }
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: views.map(\.ids)), isTarget: views.flatMap(\.kept))
        let (entries, hidden) = capture.capture(
            teacher: teacher, batch: batch, records: keys.map(\.streamIndex),
            layers: origin.hidden?.kept ?? [])
        guard entries.allSatisfy(\.isNumber) else {
            throw UserError.nonFiniteOutput("on a text of the corpus", model: origin.teacher)
        }
        var next = 0
        return zip(views, keys).map { document, key in
            let positions = (0..<Int32(document.ids.count - 1)).filter { document.kept[Int($0) + 1] }
            defer { next += positions.count }
            return SignalRecord(
                key: key, ids: document.ids, positions: positions,
                entries: Array(entries[next..<next + positions.count]),
                hidden: hidden.map { gatherRows($0, at: Array(next..<next + positions.count)) })
        }
    }

    private func write(_ records: [SignalRecord], number: Int, in directory: URL) throws
        -> SignalManifest.Shard
    {
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

extension SignalManifest {
    /// Bytes on disk for each position that carries a signal.
    public var bytesPerPosition: Double { Double(bytes) / Double(max(positions, 1)) }

    /// Token ids stored for each position that carries a signal.
    public var idsPerPosition: Double { Double(entries) / Double(max(positions, 1)) }

    public var summary: String {
        func text(_ value: Double) -> String { value.formatted(.number.precision(.fractionLength(1))) }
        return "\(records) documents, \(positions) positions, \(text(idsPerPosition)) ids and "
            + "\(text(bytesPerPosition)) bytes a position"
    }
}
