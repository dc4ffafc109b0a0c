import Foundation
import Support

/// The description of a signal cache: its shards, and what it was made from. A cache cannot be used for anything else.
public struct SignalManifest: Codable, Equatable, Sendable {
    /// Version of the file format.
    public static let currentFormat = 2

    /// Everything that decides the bytes of the cache.
    public struct Origin: Codable, Equatable, Sendable {
        /// The teacher's name, as it was given.
        public var teacher: String
        /// SHA-256 of the teacher's weights and configuration.
        public var teacherFingerprint: Fingerprint
        /// SHA-256 of the tokenizer's model.
        public var tokenizerFingerprint: Fingerprint
        /// SHA-256 of the tokenizer's pieces, see `Tokenizer.piecesFingerprint`; nil in caches made before it was stored.
        public var piecesFingerprint: Fingerprint?
        /// The chat template's Jinja text; nil without one.
        public var template: String?
        /// Number of token ids.
        public var vocabularySize: Int
        /// What is stored of each distribution.
        public var kind: SparseKind
        /// Temperature of the teacher's softmax.
        public var temperature: Float
        /// Of the samples.
        public var seed: UInt64
        /// In context distillation, the most tokens of a document that the teacher read; nil where student and teacher read the
        /// same.
        public var teacherContextLength: Int?
        /// The hidden states stored beside the distributions; nil without any.
        public var hidden: HiddenLayers?

        /// All of them.
        public init(
            teacher: String, teacherFingerprint: Fingerprint, tokenizerFingerprint: Fingerprint,
            template: String?, vocabularySize: Int, kind: SparseKind, temperature: Float, seed: UInt64,
            teacherContextLength: Int? = nil, hidden: HiddenLayers? = nil,
            piecesFingerprint: Fingerprint? = nil
        ) {
            self.piecesFingerprint = piecesFingerprint
            self.hidden = hidden
            self.teacher = teacher
            self.teacherFingerprint = teacherFingerprint
            self.tokenizerFingerprint = tokenizerFingerprint
            self.template = template
            self.vocabularySize = vocabularySize
            self.kind = kind
            self.temperature = temperature
            self.seed = seed
            self.teacherContextLength = teacherContextLength
        }

        /// The differences from `other`, one line for each.
        func differences(from other: Origin) -> [String] {
            var lines: [String] = []
            func compare<T: Equatable>(_ what: String, _ mine: T, _ theirs: T, shown: Bool = true) {
                guard mine != theirs else { return }
                lines.append(shown ? "\(what) is \(mine) here and \(theirs) there" : "\(what) differs")
            }
            compare("the teacher's weights", teacherFingerprint, other.teacherFingerprint, shown: false)
            // The records are found by their ids, so that the same pieces are enough.
            if piecesFingerprint == nil || piecesFingerprint != other.piecesFingerprint {
                compare("the tokenizer", tokenizerFingerprint, other.tokenizerFingerprint, shown: false)
            }
            compare("the chat template", template, other.template, shown: false)
            compare("the vocabulary", vocabularySize, other.vocabularySize)
            compare("the signal's kind", kind.description, other.kind.description)
            compare("the temperature", temperature, other.temperature)
            compare("the seed", seed, other.seed)
            compare(
                "what the teacher reads", teacherContextLength, other.teacherContextLength, shown: false)
            func layers(_ hidden: HiddenLayers?) -> String {
                hidden.map { $0.stored.map(String.init).joined(separator: ", ") } ?? "none"
            }
            compare("the layers whose hidden states are stored", layers(hidden), layers(other.hidden))
            return lines
        }
    }

    /// One file of records.
    public struct Shard: Codable, Equatable, Sendable {
        /// Its name in the cache's directory.
        public var file: String
        /// SHA-256 of its bytes.
        public var fingerprint: Fingerprint
        /// Number of records.
        public var records: Int
        /// Number of tokens in all records.
        public var tokens: Int
        /// Number of positions that have a signal.
        public var positions: Int
        /// Number of token ids stored for those positions.
        public var entries: Int
        /// Size of the file.
        public var bytes: Int

        /// What is wrong with numbers that were read from a file; nil when they are valid.
        var problem: String? {
            // Below 2^40 each, sums over all shards stay within an Int.
            let counts = 0...(1 << 40)
            return counts.problem("records", records) ?? counts.problem("tokens", tokens)
                ?? counts.problem("positions", positions) ?? counts.problem("entries", entries)
                ?? counts.problem("bytes", bytes)
        }
    }

    /// Version of the file format.
    public var format = SignalManifest.currentFormat
    /// Everything that decides the bytes of the cache, except for the documents.
    public var origin: Origin
    /// Digest of the documents of the corpus and their order.
    public var documents: Fingerprint
    /// The files, in the order of the documents.
    public var shards: [Shard]
    /// The part of the documents that was labelled, where `documents` is the digest of all; nil for all.
    public var corpusShard: Support.Shard?
    /// SHA-256 of everything else in the file; nil in memory.
    var checksum: Fingerprint?

    /// A manifest of finished shards.
    public init(
        origin: Origin, documents: Fingerprint, shards: [Shard], corpusShard: Support.Shard? = nil
    ) {
        self.origin = origin
        self.corpusShard = corpusShard
        self.documents = documents
        self.shards = shards
    }

    /// Number of records in all shards.
    public var records: Int { shards.reduce(0) { $0 + $1.records } }
    /// Number of tokens in all shards.
    public var tokens: Int { shards.reduce(0) { $0 + $1.tokens } }
    /// Number of positions that have a signal.
    public var positions: Int { shards.reduce(0) { $0 + $1.positions } }
    /// Number of token ids stored for them.
    public var entries: Int { shards.reduce(0) { $0 + $1.entries } }
    /// Bytes of all shards.
    public var bytes: Int { shards.reduce(0) { $0 + $1.bytes } }

    /// Bytes on disk per position.
    public var bytesPerPosition: Double { Double(bytes) / Double(max(positions, 1)) }

    /// Token ids stored per position.
    public var idsPerPosition: Double { Double(entries) / Double(max(positions, 1)) }

    /// A one-line summary.
    public var summary: String {
        func text(_ value: Double) -> String { value.formatted(.number.precision(.fractionLength(1))) }
        return "\(records) documents, \(positions) positions, \(text(idsPerPosition)) ids and "
            + "\(text(bytesPerPosition)) bytes a position"
    }
}
