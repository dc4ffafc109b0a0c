import Foundation
import Support

/// A record with the line it was read from.
public struct CandidateRecord: Sendable {
    /// The chat or text.
    public let record: CorpusRecord
    /// Where it is written.
    public let location: RecordLocation
    /// The line of JSON; nil for a document of a text file.
    private let line: Data?

    /// - Parameters:
    ///   - record: the content
    ///   - location: where it is written
    ///   - line: the line of JSON that it was read from
    public init(_ record: CorpusRecord, at location: RecordLocation, line: Data? = nil) {
        (self.record, self.location, self.line) = (record, location, line)
    }

    /// The text of a part.
    public func text(of part: TextPart) -> String { record.text(of: part) }

    /// The value of a key of the record's JSON, such as `answers`, or of a key in an object, such as `meta.finish_reason`; nil if
    /// there is none, or it is null.
    ///
    /// - Throws: `UserError` for a line that is not valid JSON
    public func value(at path: String) throws -> OrderedJSON? { try firstValue(at: [path]) }

    /// The first of these values that is there; the line is parsed once.
    ///
    /// - Throws: `UserError` for a line that is not valid JSON
    func firstValue(at paths: [String]) throws -> OrderedJSON? {
        guard let line else { return nil }
        let json = try UserError.located(in: location.file, line: location.line) {
            do { return try OrderedJSON(line, name: location.file) } catch var error as UserError {
                (error.line, error.column) = (location.line, nil)
                throw error
            }
        }
        return paths.lazy.compactMap { json.value(at: $0) }.first { $0 != .null }
    }

    /// Decodes the line that the record was read from; nil for a document of a text file.
    ///
    /// - Throws: `UserError` with file, line and the key at fault
    package func decode<Value: Decodable>(_ type: Value.Type) throws -> Value? {
        try line.map { try JSONDecoder().decode(type, from: $0, inLine: location.line, of: location.file) }
    }

    /// The bytes of a line that holds the record: those it was read from, or a text as `{"text": …}`.
    ///
    /// - Throws: what the encoder throws
    package func lineBytes() throws -> Data { try line ?? JSONEncoder.stable.encode(record) }

    /// Calls `transform` with each record on all cores, and returns the results in order.
    package static func inParallel<Value>(
        _ records: [CandidateRecord], _ transform: (CandidateRecord) -> Value
    ) -> [Value] {
        // Enough for a thread to be worth waking up for short records; long ones are balanced better the fewer there are.
        let grain = min(max(records.count / (8 * Parallel.threads), 1), 64)
        var results = [Value?](repeating: nil, count: records.count)
        results.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let slots = buffer
            Parallel.forRanges(of: records.count, grain: grain) { range in
                for index in range { slots[index] = transform(records[index]) }
            }
        }
        return results.map { $0! }
    }
}
