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
        /// Where the run's artifacts are shown, relative to the run directory; `nil` is the run directory itself.
        public var folder: String?
        /// Directories below `stages`, in order.
        public var stages: [String]
    }

    /// Since version 2 stages are recorded with `cache_key` and `metrics`, and renamed keys changed the cache keys.
    static let formatVersion = 2

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
