import Checkpoints
import Corpora
import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// Labels a corpus with a teacher: runs the teacher over every document and writes its token distributions to a signal cache.
///
///     let job = try LabelingJob(
///         teacher: checkpoint, name: "data/teacher", kind: .sampled(head: 8, draws: 64), temperature: 1,
///         scope: .assistant, context: 256, seed: 17)
///     try job.run(CorpusReader([corpus]), into: directory)
///     let cache = try SignalCache(directory: directory)
///
/// The job can be interrupted at any moment, also by a full disk: started again, it continues after the last whole batch, and
/// the cache's bytes are those of a run that was never interrupted. Started again on a damaged cache, it continues at the
/// first damaged shard. Documents that occur twice are labelled once. Each of several processes can label a shard of the corpus, from
/// which `SignalMerge` makes the bytes of one.
///
/// - SeeAlso: Random-sampling knowledge distillation, arXiv 2503.16870.
public struct LabelingJob {
    private let teacher: DecoderModel
    private let origin: SignalManifest.Origin
    let shardDocuments: Int
    private let shard: Shard?
    /// Nil for a job that labels an encoded corpus.
    private let encoder: CorpusEncoder?

    /// Documents per shard: a few megabytes, seconds of work.
    package static let shardDocuments = 2048
    /// Documents per shard where hidden states are stored, which take a hundred times the room.
    package static let shardDocumentsWithHidden = 128
    /// Documents per file of a cache.
    static func shardDocuments(for origin: SignalManifest.Origin) -> Int {
        origin.hidden == nil ? shardDocuments : shardDocumentsWithHidden
    }
    /// Tokens run through the teacher at once: enough for matrix products to reach their best rate.
    private static let batchTokens = 2048

    /// - Parameters:
    ///   - teacher: a checkpoint with a tokenizer
    ///   - name: the teacher's name in the manifest
    ///   - kind: what is stored of each distribution
    ///   - temperature: of the softmax
    ///   - scope: which tokens of chats are targets
    ///   - context: the most tokens of a document; at most the teacher's context is used
    ///   - systemTurns: whether the student that is trained on the signals reads system turns
    ///   - hidden: layers, from 1, whose hidden states are stored beside the distributions
    ///   - seed: of the samples
    ///   - shard: the part of the corpus that is labelled, after duplicates are left out; nil for all. `SignalMerge` joins the caches
    /// - Throws: `UserError` when the checkpoint has no tokenizer or no such layer
    public init(
        teacher: Checkpoint, name: String, kind: SparseKind, temperature: Float, scope: TargetScope,
        context: Int, systemTurns: SystemTurns = .both, hidden: [Int] = [], seed: UInt64,
        shard: Shard? = nil
    ) throws {
        let tokenizer = try teacher.requireTokenizer()
        let template = teacher.chatTemplate ?? .roleMarkers
        let configuration = teacher.decoder.configuration
        self.init(
            teacher: teacher.decoder,
            origin: SignalManifest.Origin(
                teacher: name, teacherFingerprint: try Checkpoint.fingerprint(at: teacher.url),
                tokenizerFingerprint: Fingerprint(of: tokenizer.serializedModel), template: template.identity,
                vocabularySize: tokenizer.vocabularySize, kind: kind, temperature: temperature, seed: seed,
                teacherContextLength: systemTurns == .teacher ? configuration.contextLength : nil,
                hidden: hidden.isEmpty ? nil : try HiddenLayers(hidden, of: configuration, named: name),
                piecesFingerprint: tokenizer.piecesFingerprint),
            encoder: CorpusEncoder(
                tokenizer: tokenizer, template: template,
                contextLength: min(context, configuration.contextLength), scope: scope,
                systemTurns: systemTurns, teacherContextLength: configuration.contextLength),
            shard: shard)
    }

    /// A job that labels encoded corpora.
    ///
    /// - Parameters:
    ///   - origin: describes the teacher and its tokenizer
    ///   - shardDocuments: documents per shard, fewer in tests
    init(
        teacher: DecoderModel, origin: SignalManifest.Origin, shardDocuments: Int? = nil,
        encoder: CorpusEncoder? = nil, shard: Shard? = nil
    ) {
        self.teacher = teacher
        self.origin = origin
        self.shardDocuments = shardDocuments ?? Self.shardDocuments(for: origin)
        self.encoder = encoder
        self.shard = shard
    }

    /// Tokenizes a corpus as the teacher's tokenizer and template say, and labels it.
    ///
    /// - Parameters:
    ///   - reader: the corpus
    ///   - directory: of the signal cache; it may hold an unfinished one of the same job
    ///   - scratch: where the tokenized corpus is stored meanwhile
    ///   - progress: receives the documents done
    /// - Returns: the manifest of the finished cache
    /// - Throws: `UserError` when the directory holds anything else, the corpus has mistakes, no token is a target, the
    ///   teacher's output is not finite, another process writes to the directory, or the disk refuses; `Interrupted`
    @discardableResult
    public func run(
        _ reader: CorpusReader, into directory: URL, scratch: URL = .temporaryDirectory,
        progress: ProgressHandler? = nil
    ) throws -> SignalManifest {
        guard let encoder else { preconditionFailure("this job labels encoded corpora") }
        let corpus = try encoder.encode(reader, in: scratch)
        return try Interruption.saving { try run(corpus, into: directory, progress: progress) }
    }

    /// Labels an encoded corpus.
    ///
    /// - Throws: `UserError` when a document is too long for the teacher, its vocabulary is not the tokenizer's, and as above
    @discardableResult
    func run(
        _ corpus: EncodedCorpus, into directory: URL, progress: ProgressHandler? = nil
    ) throws -> SignalManifest {
        try checkVocabulary()
        let distinct = try DistinctDocuments(of: corpus, check: check)
        let range =
            try shard.map { try self.range(of: $0, in: distinct.indices, of: corpus) }
            ?? 0..<distinct.indices.count
        let documents = Array(distinct.indices[range])
        let writer = try SignalWriter(
            directory: directory, origin: origin, documents: distinct.name, count: documents.count,
            shardDocuments: shardDocuments, corpusShard: shard, start: range.lowerBound)
        return try writer.finishing(progress) { advance in
            while writer.isOpen {
                let batch = try batch(documents[writer.count..<writer.shardEnd], of: corpus)
                try Interruption.check()
                try writer.append(label(batch))
                advance(batch.reduce(0) { $0 + Self.length($1) })
                try writer.closeShardIfWhole()
            }
        }
    }

    private func checkVocabulary() throws {
        let vocabulary = teacher.configuration.vocabularySize
        guard vocabulary == origin.vocabularySize else {
            throw UserError(
                "the teacher \(origin.teacher) has a vocabulary of \(vocabulary), the tokenizer one of "
                    + "\(origin.vocabularySize)", hint: "use the tokenizer the teacher was trained with")
        }
    }

    /// Refuses a document that is too long, or has a piece that the teacher does not have.
    private func check(_ document: EncodedDocument) throws {
        let context = teacher.configuration.contextLength
        let length = Self.length(document)
        guard length <= context else {
            throw UserError(
                "a document of \(length) tokens exceeds the context of the teacher \(origin.teacher), \(context)",
                hint: "encode the corpus with a context of at most \(context)")
        }
        let missing = teacher.head.missing
        guard !missing.isEmpty, let encoder,
            let id = document.teacherView.ids.first(where: missing.contains)
        else { return }
        throw UserError.missingPiece(encoder.tokenizer.piece(id), teacher: origin.teacher)
    }

    /// The first documents that fill a batch, at least one.
    func batch(_ indices: ArraySlice<Int>, of corpus: EncodedCorpus) throws -> [EncodedDocument] {
        var (batch, size) = ([EncodedDocument](), 0)
        for index in indices {
            let document = try corpus.document(index)
            size += Self.length(document)
            guard batch.isEmpty || size <= Self.batchTokens else { break }
            batch.append(document)
        }
        return batch
    }

    /// Tokens that the teacher reads.
    private static func length(_ document: EncodedDocument) -> Int {
        document.teacherView.ids.count
    }

    private func label(_ documents: [EncodedDocument]) throws -> [SignalRecord] {
        let capture = SignalCapture(kind: origin.kind, temperature: origin.temperature, seed: origin.seed)
        let keys = documents.map(RecordKey.init)
        // A record's key is that of what the student reads; its content is what the teacher reads.
        let views = documents.map(\.teacherView)
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: views.map(\.ids)), lossMask: views.flatMap(\.lossMask))
        let (entries, hidden) = capture.capture(
            teacher: teacher, batch: batch, records: keys.map(\.streamIndex),
            layers: origin.hidden?.stored ?? [])
        guard entries.allSatisfy(\.isNumber) else {
            throw UserError.nonFiniteOutput("on a text of the corpus", model: origin.teacher)
        }
        var next = 0
        return zip(views, keys).map { document, key in
            let positions = document.rowsBeforeTargets
            defer { next += positions.count }
            return SignalRecord(
                key: key, ids: document.ids, positions: positions,
                entries: Array(entries[next..<next + positions.count]),
                hidden: hidden.map { gatherRows($0, at: Array(next..<next + positions.count)) })
        }
    }
}
