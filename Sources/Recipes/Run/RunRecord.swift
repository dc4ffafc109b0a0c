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
    var format = RunRecord.formatVersion
    var address: Fingerprint
    var kind: Stage.Kind
    var label: String
    var seed: UInt64
    /// The stage's settings in normal form; inputs stand under the names the recipe gave them.
    var settings: String
    var started: Date
    var seconds: Double
    var result: StageResult
}

extension JSONEncoder {
    /// The style of the small JSON files of a run directory: snake_case, as recipes and printed JSON.
    static var forRecords: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
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
