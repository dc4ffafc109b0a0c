import Foundation
import Support
import Tokenization

/// Writes corpora as a dataset that Hugging Face `datasets` loads from its directory: a JSONL file for each split, and a card.
///
/// All lines of all splits have the same columns, see `DatasetColumns`.
public struct DatasetDirectory: Sendable {
    /// A split and where its records are.
    public struct Split: Sendable {
        /// The name, such as `train`.
        public let name: String
        /// The corpus.
        public let reader: CorpusReader

        /// - Parameters:
        ///   - name: such as `train`
        ///   - reader: the corpus
        public init(_ name: String, _ reader: CorpusReader) { (self.name, self.reader) = (name, reader) }
    }

    /// What the card says of a split.
    public struct SplitFacts: Sendable {
        /// The name.
        public let name: String
        /// Bytes of the file.
        public let bytes: Int
        /// What its records are like.
        public let statistics: CorpusStatistics
        /// How often values of `meta` occur, by their keys.
        public let origins: OriginCounts
    }

    private let splits: [Split]

    /// A dataset of some splits.
    public init(_ splits: [Split]) { self.splits = splits }

    /// Writes the files of the splits into a directory.
    ///
    /// - Parameters:
    ///   - directory: an existing directory
    ///   - tokenizer: counts tokens; nil for characters alone
    /// - Returns: the columns, and facts about each split, for a card
    /// - Throws: `UserError` for mistakes in the corpora, and if the disk refuses; `Interrupted`
    public func write(
        to directory: URL, tokenizer: Tokenizer?
    ) throws -> (columns: DatasetColumns, splits: [SplitFacts]) {
        let columns = try DatasetColumns(of: splits.map(\.reader))
        let facts = try splits.map { split in
            let url = directory.appending(path: "\(split.name).jsonl")
            var origins = OriginCounts()
            try AtomicFile.write(to: url) { writer in
                try split.reader.forEachCandidate { record in
                    let meta = try record.value(at: "meta")
                    return (meta: meta, line: Data(try columns.line(record, meta: meta).utf8))
                } then: { record in
                    if let meta = record.meta { origins.add(meta) }
                    try writer.writeLine(record.line)
                }
            }
            let statistics = try CorpusStatistics(of: CorpusReader([url]), tokenizer: tokenizer)
            let bytes = try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int
            return SplitFacts(name: split.name, bytes: bytes ?? 0, statistics: statistics, origins: origins)
        }
        return (columns, facts)
    }
}

/// How often models, ways of making prompts and reasons of the end of an answer occur in a corpus.
public struct OriginCounts: Equatable, Sendable {
    /// The keys of `meta` that are counted, with headings.
    package static let keys = [
        ("model", "model"), ("endpoint", "endpoint"), ("source.kind", "prompts made by"),
        ("finish_reason", "answers ended by"),
    ]
    /// More different values of a key are not told apart.
    private static let mostValues = 100

    /// By key and value.
    private(set) var counts: [String: [String: Int]] = [:]

    mutating func add(_ meta: OrderedJSON) {
        for (key, _) in Self.keys {
            guard case .string(let text)? = meta.value(at: key) else { continue }
            let isKnown = counts[key]?[text] != nil || counts[key]?.count ?? 0 < Self.mostValues
            counts[key, default: [:]][isKnown ? text : "others", default: 0] += 1
        }
    }

    /// The values of a key, the most frequent first.
    package func values(of key: String) -> [(value: String, count: Int)] {
        (counts[key] ?? [:]).sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }
}
