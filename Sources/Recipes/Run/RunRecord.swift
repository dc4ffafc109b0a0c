import Foundation
import Support

/// `run.json`: the contents of a run directory, and the machine it was made on.
struct RunRecord: Codable, Sendable {
    struct Machine: Codable, Sendable {
        var system: String
        var architecture: String
        var cores: Int
        var memoryBytes: UInt64

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

    struct Run: Codable, Sendable {
        var variant: String?
        var seed: UInt64?
        /// Where the run's artifacts are shown, relative to the run directory; `nil` is the run directory itself.
        var folder: String?
        /// Directories below `stages`, in order.
        var stages: [String]
    }

    /// Since version 2 stages are recorded with `cache_key` and `metrics`, and renamed keys changed the cache keys.
    static let formatVersion = 2

    var format = RunRecord.formatVersion
    var name: String
    /// The recipe file, as an absolute path.
    var recipe: String
    var toolVersion: String
    var seed: UInt64
    var machine: Machine
    var started: Date
    /// `nil` while the run is not finished.
    var finished: Date?
    var runs: [Run]
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
