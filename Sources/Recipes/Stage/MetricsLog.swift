import Foundation
import Support

/// Numbers a stage reports step by step, one JSON line each: `{"step":10,"values":{"loss":2.5}}`.
package final class MetricsLog {
    package struct Record: Codable, Equatable, Sendable {
        /// Steps, or whatever the stage counts, done so far.
        package var step: Int
        package var values: [String: Double]

        package init(step: Int, values: [String: Double]) {
            self.step = step
            self.values = values
        }
    }

    package let url: URL
    private var log: AppendLog?

    init(at url: URL) { self.url = url }

    /// Appends a record. Values that are not finite are left out: JSON cannot represent NaN or infinity.
    package func append(step: Int, _ values: [String: Double]) throws {
        let log = try self.log ?? AppendLog(at: url)
        self.log = log
        try log.append(Record(step: step, values: values.filter(\.value.isFinite)))
    }

    /// Drops the records after a step: called by a stage that resumes from a state saved at that step.
    package func truncate(after step: Int) throws {
        let kept = try Self.read(url).prefix { $0.step <= step }.count
        log = try AppendLog(at: url, truncatingToLines: kept)
    }

    /// The records of a log; none if there is no such file.
    package static func read(_ url: URL) throws -> [Record] {
        guard FileManager.default.fileExists(atPath: url.path) else { return [] }
        // Opening drops a line that a killed process tore.
        _ = try AppendLog(at: url)
        var records: [Record] = []
        try JSONLines(contentsOf: url).forEach { records.append(try $0.decode(Record.self)) }
        return records
    }
}
