import Foundation
import Support
import Synchronization

/// Removes records whose text an earlier record, or one of another corpus, has already.
///
/// Texts are compared by 128 bits of their SHA-256 digest, after normalization (case, spacing, punctuation, Unicode form) or as they
/// are. The first record in order stays. Memory: about 60 bytes for each record that is kept, and for each of the other corpora.
public final class ExactDuplicateFilter: RecordFilter {
    /// The part of each record that is looked at.
    public let part: TextPart?
    /// The corpora that records are compared with.
    public let references: [URL]
    private let of: TextPart
    private let isNormalized: Bool
    private let state = Mutex(State())

    private struct State {
        var known: [TextDigest: UInt32] = [:]
        var locations = RecordLocations()

        /// The earlier record with the digest; without one, this record is known from now on.
        mutating func earlier(_ digest: TextDigest, at location: RecordLocation) -> RecordLocation? {
            if let known = known[digest] { return locations[Int(known)] }
            known[digest] = UInt32(locations.count)
            locations.append(location)
            return nil
        }
    }

    /// - Parameters:
    ///   - part: the text that is compared
    ///   - isNormalized: whether case, spacing and punctuation are left out of the comparison
    ///   - references: corpora with which records are compared, too
    public init(of part: TextPart = .all, isNormalized: Bool = true, against references: [URL] = []) {
        (self.part, of, self.isNormalized, self.references) = (part, part, isNormalized, references)
    }

    /// Reads the corpora that records are compared with.
    ///
    /// - Throws: `UserError` for mistakes in the corpora, and if no temporary file can be made
    public func prepare(in directory: URL) throws {
        state.withLock { $0 = State() }
        try ReferenceRecords.forEachSlice(of: references) { records in _ = try judge(records) }
    }

    /// Judges records in the order of the corpus.
    ///
    /// - Throws: `UserError` if the disk fails
    public func judge(_ records: [CandidateRecord]) throws -> [FilterVerdict] {
        let digests = CandidateRecord.inParallel(records) {
            TextDigest($0.record, of: of, isNormalized: isNormalized)
        }
        return state.withLock { state in
            zip(records, digests).map { record, digest in
                guard let earlier = state.earlier(digest, at: record.location) else { return .keep }
                return .remove("the same \(of == .all ? "text" : of.rawValue) as \(earlier)")
            }
        }
    }
}

extension FilterKind {
    /// `exact_duplicates`.
    static let exactDuplicates = FilterKind(
        "exact_duplicates",
        "Removes records whose text an earlier record, or one of another corpus, has already.",
        options: [
            .part(default: .all),
            FilterOption(
                "normalize", .flag, default: .flag(true),
                "Whether case, spacing and punctuation are left out of the comparison."),
            FilterOption("against", .corpora, "Corpora with which records are compared, too."),
        ], bytesPerRecord: 60
    ) { options in
        ExactDuplicateFilter(
            of: options.choice("of"), isNormalized: options.flag("normalize"),
            against: options.corpora("against"))
    }
}
