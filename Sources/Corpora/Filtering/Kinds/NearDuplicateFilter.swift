import Foundation
import Support
import Synchronization

/// Removes records that are nearly the same as an earlier record that was kept, or as one of another corpus.
///
/// Two texts are near-duplicates if the Jaccard similarity of their sets of shingles (by default 3 words in a row, after normalization) is at
/// least the threshold. Candidates come from MinHash signatures and locality-sensitive hashing, which finds at least 99% of the pairs at
/// the threshold and more above it, see `MinHash`. Each candidate is then compared exactly: no record is removed that is less similar
/// than the threshold.
///
/// Records are compared with those that were kept, in order: of a chain A ~ B ~ C in which A and C are not alike, B is removed and C stays.
/// A record of fewer words than a shingle is compared as a whole; one without words is not judged.
///
/// - Complexity: memory of 8 bytes × bands × 4/3 to 2, and 20 bytes, for each record that is kept: 190 to 280 bytes at the defaults, which
///   have 16 bands. The sets themselves are in a temporary file, 4 bytes a shingle.
public final class NearDuplicateFilter: RecordFilter {
    /// The part of each record that is looked at.
    public let part: TextPart?
    /// The corpora that records are compared with.
    public let references: [URL]
    private let of: TextPart
    private let threshold: Double
    private let unit: ShingleUnit
    private let size: Int
    private let hash: MinHash
    private let state = Mutex<State?>(nil)

    /// The threshold of `datatrove` and others is near this.
    public static let standardThreshold = 0.8
    /// Words of a shingle: short answers have some, and three words in common are rarely chance.
    public static let standardSize = 3
    /// Values of a signature, of which as many are used as the bands need.
    public static let standardValues = 128
    /// Candidates that are compared, those that share most bands first.
    private static let mostCandidates = 64

    private struct State {
        var index: BandIndex
        var store: ShingleStore
        var locations = RecordLocations()
    }

    /// A record's set and its keys; nil for a text without words.
    private struct Sketch {
        let set: [UInt32]
        let keys: [UInt32]
    }

    /// - Parameters:
    ///   - part: the text that is compared
    ///   - threshold: the similarity from which a record is removed, above 0 and at most 1
    ///   - unit: what a shingle consists of
    ///   - size: words or characters of a shingle
    ///   - values: the most values of a MinHash signature
    ///   - references: corpora with which records are compared, too
    public init(
        of part: TextPart = .all, threshold: Double = standardThreshold, unit: ShingleUnit = .words,
        size: Int = standardSize, values: Int = standardValues, against references: [URL] = []
    ) {
        precondition(threshold > 0 && threshold <= 1, "a similarity of \(threshold) is no threshold")
        (self.part, of, self.threshold, self.references) = (part, part, threshold, references)
        (self.unit, self.size) = (unit, size)
        hash = MinHash(threshold: threshold, values: values)
    }

    /// Reads the corpora that records are compared with.
    ///
    /// - Throws: `UserError` for mistakes in the corpora, and if no temporary file can be made
    public func prepare(in workspace: FilterWorkspace) throws {
        let empty = State(
            index: BandIndex(bands: hash.bands), store: try ShingleStore(in: workspace.directory))
        state.withLock { $0 = empty }
        try ReferenceRecords.forEachSlice(of: references) { records in
            let sketches = sketches(of: records)
            try withState { state in
                for (record, sketch) in zip(records, sketches) {
                    if let sketch { try Self.add(sketch, at: record.location, to: &state) }
                }
            }
        }
    }

    /// Judges records in the order of the corpus.
    ///
    /// - Throws: `UserError` if the disk fails
    public func judge(_ records: [CandidateRecord]) throws -> [FilterVerdict] {
        let sketches = sketches(of: records)
        return try withState { state in
            try zip(records, sketches).map { record, sketch in
                guard let sketch else { return .unjudged }
                if let found = try mostSimilar(to: sketch, in: state) {
                    return .remove(
                        "near-duplicate of \(state.locations[found.record])"
                            + String(format: " (similarity %.2f)", found.similarity))
                }
                try Self.add(sketch, at: record.location, to: &state)
                return .keep
            }
        }
    }

    /// What was not searched for.
    public var notes: [String] {
        let full = state.withLock { $0?.index.fullBuckets ?? 0 }
        guard full > 0 else { return [] }
        return [
            "\(full) times more than \(BandIndex.bucketSize) records agreed in a band of their signatures: some near-duplicates "
                + "may have been missed"
        ]
    }

    private func sketches(of records: [CandidateRecord]) -> [Sketch?] {
        CandidateRecord.inParallel(records) { record in
            let set = ShingleSet(record.text(of: of), unit: unit, size: size)
            guard !set.hashes.isEmpty else { return nil }
            return Sketch(set: set.hashes.map { UInt32($0 >> 32) }, keys: hash.keys(of: set))
        }
    }

    private func withState<Result>(_ body: (inout State) throws -> Result) throws -> Result {
        try state.withLock { state in
            guard state != nil else { preconditionFailure("a filter is prepared before it judges") }
            return try body(&state!)
        }
    }

    private static func add(_ sketch: Sketch, at location: RecordLocation, to state: inout State) throws {
        let number = UInt32(state.locations.count)
        state.index.insert(number, keys: sketch.keys)
        try state.store.append(sketch.set)
        state.locations.append(location)
    }

    /// The kept record that is most similar, if it is similar enough; the first of several.
    private func mostSimilar(to sketch: Sketch, in state: State) throws -> (record: Int, similarity: Double)?
    {
        var hits: [UInt32] = []
        state.index.forEachCandidate(of: sketch.keys) { hits.append($0) }
        guard !hits.isEmpty else { return nil }
        var best: (record: Int, similarity: Double)?
        for record in Self.ranked(hits).prefix(Self.mostCandidates) {
            // |A ∩ B| / |A ∪ B| is at most the ratio of the sizes.
            let sizes = (state.store.count(of: record), sketch.set.count)
            guard Double(min(sizes.0, sizes.1)) >= threshold * Double(max(sizes.0, sizes.1)) else { continue }
            let similarity = ShingleSet.jaccard(try state.store.set(of: record), sketch.set)
            if similarity >= threshold, similarity > best?.similarity ?? 0 { best = (record, similarity) }
            if similarity == 1 { break }
        }
        return best
    }

    /// Distinct records, those with most hits first, earlier ones first among equals.
    private static func ranked(_ hits: [UInt32]) -> [Int] {
        let sorted = hits.sorted()
        var counts: [(record: UInt32, count: Int)] = []
        for record in sorted {
            if counts.last?.record == record {
                counts[counts.count - 1].count += 1
            } else {
                counts.append((record, 1))
            }
        }
        return counts.sorted { ($1.count, $0.record) < ($0.count, $1.record) }.map { Int($0.record) }
    }
}

extension FilterKind {
    /// `near_duplicates`.
    static let nearDuplicates = FilterKind(
        "near_duplicates",
        "Removes records that are nearly the same as an earlier one that was kept, or as one of another corpus.",
        options: [
            .part(default: .all),
            FilterOption(
                "threshold", .number(NumberLimits(0.1...1)),
                default: .number(NearDuplicateFilter.standardThreshold),
                "The Jaccard similarity of two sets of shingles from which the later record is removed."),
            FilterOption(
                "shingles", .choice(ShingleUnit.allCases.map(\.rawValue)),
                default: .text(ShingleUnit.words.rawValue), "What a shingle consists of."),
            FilterOption(
                "ngram", .integer(1...100), default: .integer(NearDuplicateFilter.standardSize),
                "Words or characters of a shingle."),
            FilterOption(
                "permutations", .integer(16...4096), default: .integer(NearDuplicateFilter.standardValues),
                "The most values of a MinHash signature. Low thresholds need more of them."),
            FilterOption("against", .corpora, "Corpora with which records are compared, too."),
        ], bytesPerRecord: 280
    ) { options in
        NearDuplicateFilter(
            of: options.choice("of"), threshold: options.number("threshold") ?? 1,
            unit: options.choice("shingles"), size: options.integer("ngram") ?? 1,
            values: options.integer("permutations") ?? NearDuplicateFilter.standardValues,
            against: options.corpora("against"))
    }
}
