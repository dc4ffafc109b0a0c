import Foundation
import Support

/// What a signal cache holds and what it was made from. Opening the cache against anything else fails.
public struct SignalManifest: Codable, Equatable, Sendable {
    /// Version of the layout.
    public static let currentFormat = 2

    /// Everything that decides the bytes of the cache.
    public struct Origin: Codable, Equatable, Sendable {
        /// The teacher, as it was named.
        public var teacher: String
        /// SHA-256 of the teacher's weights and configuration.
        public var teacherFingerprint: Fingerprint
        /// SHA-256 of the tokenizer's model.
        public var tokenizerFingerprint: Fingerprint
        /// The chat template's Jinja text; nil without one.
        public var template: String?
        public var vocabularySize: Int
        public var kind: SparseKind
        public var temperature: Float
        public var seed: UInt64
        /// In context distillation, the most tokens the teacher read of a document; nil where student and teacher read the
        /// same.
        public var teacherContextLength: Int?
        /// The hidden states kept beside the distributions; nil without any.
        public var hidden: HiddenLayers?

        public init(
            teacher: String, teacherFingerprint: Fingerprint, tokenizerFingerprint: Fingerprint,
            template: String?,
            vocabularySize: Int, kind: SparseKind, temperature: Float, seed: UInt64,
            teacherContextLength: Int? = nil, hidden: HiddenLayers? = nil
        ) {
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

        /// How `other` differs, in words: one line for each difference that matters.
        func differences(from other: Origin) -> [String] {
            var lines: [String] = []
            func compare<T: Equatable>(_ what: String, _ mine: T, _ theirs: T, shown: Bool = true) {
                guard mine != theirs else { return }
                lines.append(shown ? "\(what) is \(mine) here and \(theirs) there" : "\(what) differs")
            }
            compare("the teacher's weights", teacherFingerprint, other.teacherFingerprint, shown: false)
            compare("the tokenizer", tokenizerFingerprint, other.tokenizerFingerprint, shown: false)
            compare("the chat template", template, other.template, shown: false)
            compare("the vocabulary", vocabularySize, other.vocabularySize)
            compare("the signal's kind", kind.description, other.kind.description)
            compare("the temperature", temperature, other.temperature)
            compare("the seed", seed, other.seed)
            compare(
                "what the teacher reads", teacherContextLength, other.teacherContextLength, shown: false)
            func layers(_ hidden: HiddenLayers?) -> String {
                hidden.map { $0.kept.map(String.init).joined(separator: ", ") } ?? "none"
            }
            compare("the layers whose hidden states are kept", layers(hidden), layers(other.hidden))
            return lines
        }
    }

    /// One file of records.
    public struct Shard: Codable, Equatable, Sendable {
        public var file: String
        public var fingerprint: Fingerprint
        public var records: Int
        public var tokens: Int
        /// Positions that carry a signal.
        public var positions: Int
        /// Token ids stored for those positions.
        public var entries: Int
        public var bytes: Int

        /// What is wrong with numbers that were read from a file; nil when they are sound.
        var problem: String? {
            // Below 2^40 each, sums over all shards stay within an Int.
            let counts = 0...(1 << 40)
            return counts.problem("records", records) ?? counts.problem("tokens", tokens)
                ?? counts.problem("positions", positions) ?? counts.problem("entries", entries)
                ?? counts.problem("bytes", bytes)
        }
    }

    public var format = SignalManifest.currentFormat
    public var origin: Origin
    /// Names the labelled documents and their order.
    public var documents: Fingerprint
    public var shards: [Shard]
    /// SHA-256 of everything else in the file; nil in memory.
    private var checksum: Fingerprint?

    public init(origin: Origin, documents: Fingerprint, shards: [Shard]) {
        self.origin = origin
        self.documents = documents
        self.shards = shards
    }

    public var records: Int { shards.reduce(0) { $0 + $1.records } }
    public var tokens: Int { shards.reduce(0) { $0 + $1.tokens } }
    public var positions: Int { shards.reduce(0) { $0 + $1.positions } }
    public var entries: Int { shards.reduce(0) { $0 + $1.entries } }
    public var bytes: Int { shards.reduce(0) { $0 + $1.bytes } }

    static func url(in directory: URL) -> URL { directory.appendingPathComponent("manifest.json") }

    /// - Throws: `UserError` when there is no manifest, or it is damaged or of another version
    public init(contentsOf directory: URL) throws {
        let url = Self.url(in: directory)
        guard try FileManager.default.exists(at: url) else {
            throw UserError(
                "is not a finished signal cache: it has no manifest.json", file: directory.relativePath,
                hint: "make it with distill label, or let an interrupted one finish", status: .noInput)
        }
        let data = try ConfigurationFile.read(url)
        struct Version: Codable { var format: Int }
        do {
            let version = try JSONDecoder().decode(Version.self, from: data).format
            guard version == Self.currentFormat else {
                throw UserError(
                    "has format \(version); this version reads \(Self.currentFormat)", file: url.relativePath,
                    hint: "label the corpus again")
            }
            self = try JSONDecoder().decode(SignalManifest.self, from: data)
        } catch let error as DecodingError {
            throw UserError(
                "is not a signal cache's manifest: \(error.explanation)", file: url.relativePath,
                hint: "delete the directory and label the corpus again")
        }
        try requireSoundNumbers(url)
        let written = checksum
        checksum = nil
        guard try written == Fingerprint(of: encoded()) else {
            throw UserError(
                "is damaged: its content is not what was written", file: url.relativePath,
                hint: "delete the directory and label the corpus again")
        }
    }

    /// Refuses numbers that nothing written by `label` has: sizes that are negative or beyond any memory, and options out of
    /// their limits.
    private func requireSoundNumbers(_ url: URL) throws {
        func refuse(_ problem: String) -> UserError {
            UserError(
                "is not a signal cache's manifest: \(problem)", file: url.relativePath,
                hint: "delete the directory and label the corpus again")
        }
        let problems = [
            origin.kind.problem, SparseSignal.temperatureLimits.problem("temperature", origin.temperature),
            (1...Int(Int32.max)).problem("vocabularySize", origin.vocabularySize),
            (1...Int.max).problem("teacherContextLength", origin.teacherContextLength ?? 1),
            origin.hidden?.problem,
        ]
        if let problem = problems.compactMap({ $0 }).first { throw refuse(problem) }
        for shard in shards {
            if let problem = shard.problem { throw refuse("\(shard.file): \(problem)") }
        }
    }

    /// Refuses a cache whose shards are not all there and of their size.
    ///
    /// - Throws: `UserError` naming the shard
    public func requireShards(in directory: URL) throws {
        for shard in shards {
            let url = directory.appending(path: shard.file)
            let size =
                try? FileManager.default.attributesOfItem(
                    atPath: url.resolvingSymlinksInPath().path)[.size] as? Int
            guard size != shard.bytes else { continue }
            throw UserError(
                size.map { "has \($0) bytes, not \(shard.bytes)" } ?? "is missing", file: url.relativePath,
                hint: "label the corpus again", status: size == nil ? .noInput : .dataFormat)
        }
    }

    func save(in directory: URL) throws {
        var content = self
        content.checksum = Fingerprint(of: try encoded())
        try AtomicFile.write(try content.encoded(), to: Self.url(in: directory))
    }

    /// The same bytes for the same content.
    private func encoded() throws -> Data {
        try JSONEncoder.stablePretty.encode(self)
    }
}

extension SparseKind: CustomStringConvertible {
    public var description: String {
        switch self {
        case .topK(let k): "top_k (k \(k))"
        case .sampled(let head, let draws): "sampled (head \(head), draws \(draws))"
        }
    }
}
