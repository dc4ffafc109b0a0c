import ArgumentParser
import Checkpoints
import Foundation
import Hub
import Signals
import Support
import Training

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Describe a corpus, a signal cache or a checkpoint; compare a cache with its teacher.",
        discussion: """
            Of a corpus: lengths, duplicates, what is said most often, and examples. Every file of a cache or checkpoint is read \
            and verified.

            EXAMPLES
              distill inspect corpus.jsonl
              distill inspect corpus.jsonl --tokenizer data/teacher --html corpus.html
              distill inspect data/teacher
              distill inspect gemma-3-270m-q4_k_m.gguf
              distill inspect runs/logits-kd/signals
              distill inspect runs/logits-kd/signals --verify --teacher data/teacher --records 200 --json
            """)

    @Argument(
        help:
            "A corpus (.jsonl, .ndjson or .txt, also .gz), a signal cache, a checkpoint directory or a GGUF file; - for standard input."
    )
    var path: String
    @Option(help: "Of a corpus: the tokenizer that counts tokens, or a model that has one.")
    var tokenizer: String?
    @Option(
        help: ArgumentHelp("Of a corpus: write a page with histograms and examples.", valueName: "file"))
    var html: String?
    @Option(help: "Of a corpus: the number of records drawn as examples.")
    var examples = 3
    @Flag(help: "Run the cache's teacher again on a sample of records and compare.")
    var verify = false
    @Option(help: "The teacher (default: the path in the cache's manifest).")
    var teacher: String?
    @Option(help: "Number of records to compare.")
    var records = 100
    @Flag(help: "Print the description as JSON.")
    var json = false
    @OptionGroup(title: "General") var general: GeneralFlags

    func validate() throws {
        guard records > 0 else { throw ValidationError("--records \(records) is not positive") }
        guard verify || teacher == nil else { throw ValidationError("--teacher goes with --verify") }
        try require((0...1000).problem("--examples", examples))
    }

    func run() throws {
        try general.running {
            if isCorpus { return try inspectCorpus() }
            guard tokenizer == nil, html == nil else {
                throw UserError(
                    "is not a corpus by its name", file: path,
                    hint: "--tokenizer and --html go with .jsonl, .ndjson and .txt files", status: .usage)
            }
            let url = try general.model(path)
            guard try FileManager.default.exists(at: url) else {
                throw UserError("no such file or directory", file: path, status: .noInput)
            }
            if try isCheckpoint(url) {
                guard !verify else {
                    throw UserError(
                        "is a checkpoint, not a signal cache", file: path,
                        hint: "--verify compares a signal cache with its teacher", status: .usage)
                }
                return try show(CheckpointInspection(url))
            }
            let cache = try SignalCache(directory: url)
            try show(CacheInspection(cache.manifest, verification: verify ? verification(of: cache) : nil))
        }
    }

    /// A file is one, or is named as one by mistake; a directory may hold a signal cache.
    private func isCheckpoint(_ url: URL) throws -> Bool {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
        guard isDirectory.boolValue else { return true }
        return try FileManager.default.exists(at: url.appending(path: "config.json"))
    }

    private func show(_ inspection: some Inspection) throws {
        if json { return try printJSON(inspection) }
        try printTable([inspection.kindOfThing, path], inspection.rows)
    }

    /// The teacher that a manifest names, if it is on this machine. Its name may be a path on another: it is not looked for on the hub.
    private func stored(_ name: String) throws -> URL? {
        switch try ModelLocator().find(name) {
        case .path(let url), .cached(let url): url
        case .missing, .absent: nil
        }
    }

    private func verification(of cache: SignalCache) throws -> SignalVerification {
        let origin = cache.manifest.origin
        guard let url = try teacher.map(general.model) ?? stored(origin.teacher) else {
            throw UserError(
                "the teacher is not at \(origin.teacher)", file: path,
                hint: "name its directory with --teacher",
                status: .noInput)
        }
        guard try Checkpoint.fingerprint(at: url) == origin.teacherFingerprint else {
            throw UserError(
                "is not the teacher that made \(path): its fingerprint is another", file: url.relativePath,
                hint: "name the right one with --teacher", status: .configuration)
        }
        return try SignalVerification.measure(
            cache, teacher: try Checkpoint.load(url).decoder, records: records)
    }
}

/// What `distill inspect` says of a directory.
protocol Inspection: Encodable {
    var kindOfThing: String { get }
    /// Names and values, for the text output.
    var rows: [[String]] { get }
}

/// A signal cache.
struct CacheInspection: Inspection {
    let records, tokens, positions, bytes, shards: Int
    let bytesPerPosition, idsPerPosition: Double
    let kind: String
    /// Layers whose hidden states are stored.
    let hidden: [Int]
    let temperature: Float
    let vocabularySize: Int
    let seed: UInt64
    let teacher: String
    let teacherFingerprint, tokenizerFingerprint: String
    /// The part of a corpus that was labelled, as 2/8.
    let corpusShard: Shard?
    let verification: SignalVerification?

    init(_ manifest: SignalManifest, verification: SignalVerification?) {
        (records, tokens, positions) = (manifest.records, manifest.tokens, manifest.positions)
        (bytes, shards) = (manifest.bytes, manifest.shards.count)
        bytesPerPosition = manifest.bytesPerPosition
        idsPerPosition = manifest.idsPerPosition
        let origin = manifest.origin
        hidden = origin.hidden?.stored ?? []
        (kind, temperature, seed) = (origin.kind.description, origin.temperature, origin.seed)
        (teacher, vocabularySize) = (origin.teacher, origin.vocabularySize)
        teacherFingerprint = origin.teacherFingerprint.hexadecimal
        tokenizerFingerprint = origin.tokenizerFingerprint.hexadecimal
        corpusShard = manifest.corpusShard
        self.verification = verification
    }

    var kindOfThing: String { "signal cache" }

    var rows: [[String]] {
        var facts = [
            ["records", "\(records)"], ["tokens", "\(tokens)"], ["labelled positions", "\(positions)"],
            ["bytes", "\(bytes)"], ["bytes a position", decimal(bytesPerPosition, 1)],
            ["ids a position", decimal(idsPerPosition, 1)],
            ["shards", "\(shards)"],
            ["kind", kind],
            [
                "hidden states of layers",
                hidden.isEmpty ? "none" : hidden.map(String.init).joined(separator: ", "),
            ],
            ["temperature", "\(temperature)"], ["vocabulary", "\(vocabularySize)"],
            ["seed", "\(seed)"],
            ["teacher", teacher], ["teacher's SHA-256", String(teacherFingerprint.prefix(16))],
            ["tokenizer's SHA-256", String(tokenizerFingerprint.prefix(16))],
        ]
        if let corpusShard { facts.append(["shard of the corpus", "\(corpusShard)"]) }
        guard let check = verification else { return facts }
        return facts + [
            ["compared records", "\(check.records)"], ["compared positions", "\(check.positions)"],
            ["KL(full ‖ decoded)", decimal(check.klFullDecoded, 6)],
            ["mean mass error", decimal(check.massError, 6)],
            ["largest probability error", decimal(check.largestError, 6)],
            ["gradient angle", decimal(check.gradientAngle, 3) + "°"],
        ]
    }
}
