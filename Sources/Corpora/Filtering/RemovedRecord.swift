import Foundation
import Support

/// A record that a filter has removed, and why.
public struct RemovedRecord: Sendable {
    /// The record.
    public let record: CandidateRecord
    /// The kind of the filter.
    public let filter: String
    /// The reason, for a reader.
    public let reason: String

    private struct Origin: Encodable {
        let file: String
        let line: Int
        let filter: String
        let reason: String
    }

    /// One line of JSON: `{"file", "filter", "line", "reason", "record"}`, the last with the record's own bytes.
    ///
    /// - Throws: what the encoder throws
    public func line() throws -> Data {
        let origin = Origin(
            file: record.location.file, line: record.location.line, filter: filter, reason: reason)
        // All but the closing brace.
        var line = try JSONEncoder.stable.encode(origin).dropLast()
        line.append(contentsOf: #","record":"#.utf8)
        line.append(try record.lineBytes())
        line.append(contentsOf: "}".utf8)
        return line
    }
}
