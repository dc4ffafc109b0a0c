import Foundation
import Support

/// What filters did to a corpus.
public struct FilterReport: Codable, Equatable, Sendable {
    /// A removed record.
    public struct Example: Codable, Equatable, Sendable {
        /// Where the record is written.
        public let file: String
        /// The one-based line.
        public let line: Int
        /// Why it was removed.
        public let reason: String
    }

    /// What one filter did.
    public struct Filter: Codable, Equatable, Sendable {
        /// The kind.
        public let kind: String
        /// The part of records that it looked at; nil where it is not text.
        public let part: TextPart?
        /// Records that reached the filter: those that all filters before it have kept.
        public internal(set) var examined = 0
        /// Records that it removed.
        public internal(set) var removed = 0
        /// Records that it kept since it could not judge them.
        public internal(set) var unjudged = 0
        /// The first records that it removed.
        public internal(set) var examples: [Example] = []
        /// What a reader should know, such as what was not searched for.
        public internal(set) var notes: [String] = []

        enum CodingKeys: String, CodingKey {
            case kind, examined, removed, unjudged, examples, notes
            case part = "of"
        }

        init(kind: String, part: TextPart?) { (self.kind, self.part) = (kind, part) }

        /// Removed records as a fraction of those examined.
        public var fraction: Double { examined > 0 ? Double(removed) / Double(examined) : 0 }
    }

    /// Records, and Unicode scalars of their texts.
    public struct Extent: Codable, Equatable, Sendable {
        /// Records.
        public internal(set) var records = 0
        /// Characters (Unicode scalars) of all texts.
        public internal(set) var characters = 0

        mutating func add(_ record: CorpusRecord) {
            records += 1
            characters += record.texts.reduce(0) { $0 + $1.unicodeScalars.count }
        }
    }

    /// What was read.
    public internal(set) var read = Extent()
    /// What was kept.
    public internal(set) var kept = Extent()
    /// The filters, in their order.
    public internal(set) var filters: [Filter]

    /// The most examples of a filter.
    static let mostExamples = 5

    /// Records that were removed.
    public var removed: Int { read.records - kept.records }

    /// A one-line summary.
    public var summary: String {
        let fraction = read.characters > 0 ? Double(kept.characters) / Double(read.characters) : 1
        return "\(kept.records) of \(read.records) records kept, "
            + String(format: "%.1f%% of the characters", 100 * fraction)
    }

    /// The report as JSON.
    ///
    /// - Throws: what the encoder throws
    public func json() throws -> Data { try JSONEncoder.stablePretty.encode(self) + Data("\n".utf8) }
}

extension FilterReport {
    /// Reads a report.
    ///
    /// - Throws: `UserError` if the file cannot be read or is no report
    public init(contentsOf url: URL) throws {
        let data = try ConfigurationFile.read(url)
        do {
            self = try JSONDecoder().decode(FilterReport.self, from: data)
        } catch {
            throw UserError(
                "is not the report of a filter", file: url.relativePath,
                hint: "the stage filter and distill filter --report write such files")
        }
    }
}
