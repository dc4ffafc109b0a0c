import Foundation
import Support

/// `run.json`: what a run directory holds and where it was made.
public struct RunRecord: Codable, Sendable {
    public struct Machine: Codable, Sendable {
        public var system: String
        public var architecture: String
        public var cores: Int
        public var memoryBytes: UInt64

        static var current: Machine {
            #if arch(x86_64)
                let architecture = "x86_64"
            #elseif arch(arm64)
                let architecture = "arm64"
            #else
                let architecture = "other"
            #endif
            let process = ProcessInfo.processInfo
            return Machine(
                system: process.operatingSystemVersionString, architecture: architecture,
                cores: process.activeProcessorCount, memoryBytes: process.physicalMemory)
        }
    }

    public struct Run: Codable, Sendable {
        public var variant: String?
        public var seed: UInt64?
        /// Where the run's artefacts are shown, relative to the run directory; `nil` is the run directory itself.
        public var folder: String?
        /// Directories below `stages`, in order.
        public var stages: [String]
    }

    static let formatVersion = 1

    public var format = RunRecord.formatVersion
    public var name: String
    /// The recipe file, as an absolute path.
    public var recipe: String
    public var toolVersion: String
    public var seed: UInt64
    public var machine: Machine
    public var started: Date
    /// `nil` while the run is not finished.
    public var finished: Date?
    public var runs: [Run]
}

/// `stage.json`, written last: the stage that lies in this directory is finished.
struct StageRecord: Codable {
    /// Since version 2 a record carries digests and its own checksum.
    static let formatVersion = 2

    var format = StageRecord.formatVersion
    var address: Fingerprint
    var kind: Stage.Kind
    var label: String
    var seed: UInt64
    /// The stage's settings in normal form; inputs stand under the names the recipe gave them.
    var settings: String
    var started: Date
    var seconds: Double
    var result: StageResult
    /// Of everything that the stage made; nil in version 1.
    var digests: ArtefactDigests?
    /// SHA-256 of everything else in the file; nil in memory.
    private var checksum: Fingerprint?

    init(
        address: Fingerprint, kind: Stage.Kind, label: String, seed: UInt64, settings: String, started: Date,
        seconds: Double, result: StageResult, digests: ArtefactDigests
    ) {
        self.address = address
        self.kind = kind
        self.label = label
        self.seed = seed
        self.settings = settings
        // As it is written: with whole seconds, the record that is read equals the one that was saved.
        self.started = Date(timeIntervalSince1970: started.timeIntervalSince1970.rounded(.down))
        self.seconds = seconds
        self.result = result
        self.digests = digests
    }

    /// - Throws: when there is no record, or it is not as it was written
    init(contentsOf url: URL) throws {
        self = try JSONDecoder.forRecords.decode(StageRecord.self, from: ConfigurationFile.read(url))
        let written = checksum.take()
        guard try format < 2 || written == Fingerprint(of: JSONEncoder.forRecords.encode(self)) else {
            throw UserError(
                "is damaged: its content has not the SHA-256 it was written with", file: url.relativePath)
        }
    }

    func save(to url: URL) throws {
        var content = self
        content.checksum = Fingerprint(of: try JSONEncoder.forRecords.encode(self))
        try AtomicFile.write(JSONEncoder.forRecords.encode(content), to: url)
    }
}

extension JSONEncoder {
    /// The style of the small JSON files of a run directory: snake_case, as recipes and printed JSON.
    static var forRecords: JSONEncoder {
        let encoder = JSONEncoder.stablePretty
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }
}

extension JSONDecoder {
    static var forRecords: JSONDecoder {
        let decoder = JSONDecoder()
        // Leaves keys without underscores alone, and so reads records of before, which were written in camelCase.
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }
}
