import Foundation
import Support
import Synchronization
import Tokenization

/// Removes records that overlap with an evaluation set, so that a model is not measured on what it has learned by heart.
///
/// A record is removed if it has a run of words in common with a turn of an item, after normalization (case, spacing, punctuation,
/// Unicode form): 13 words by default (Brown et al. 2020, arXiv 2005.14165, appendix C). A turn with fewer words is looked for as a whole if
/// it has `shortest` words or more. An item all of whose turns are shorter is looked for as a whole: all that its user says, as all that the
/// user of a record says. System turns are instructions that many records share, and are not looked for.
///
/// Runs that more than `common` different turns of the evaluation sets share are wording of the set, such as an instruction before
/// each question, and identify no item.
///
/// - Complexity: memory of about 60 bytes for each word of the evaluation sets; none for the records.
public final class ContaminationFilter: RecordFilter {
    /// The part of each record that is looked at.
    public let part: TextPart?
    /// The corpora that records are compared with.
    public let references: [URL]
    private let of: TextPart
    private let size: Int
    private let shortest: Int
    private let common: Int
    private let index = Mutex<OverlapIndex?>(nil)

    /// Words of a run, as in GPT-3.
    public static let standardSize = 13
    /// Words from which a short turn is looked for inside others; GPT-3's least n is 8, too.
    public static let standardShortest = 8
    /// Turns that may share a run.
    public static let standardCommon = 10

    /// - Parameters:
    ///   - part: the text that is searched
    ///   - references: the evaluation sets
    ///   - size: words of a run
    ///   - shortest: words from which a shorter turn is looked for inside others
    ///   - common: different turns of the sets that may share a run
    public init(
        of part: TextPart = .all, against references: [URL], size: Int = standardSize,
        shortest: Int = standardShortest, common: Int = standardCommon
    ) {
        (self.part, of, self.references) = (part, part, references)
        (self.size, self.shortest, self.common) = (size, min(shortest, size), common)
    }

    /// Reads the corpora that records are compared with.
    ///
    /// - Throws: `UserError` for mistakes in the corpora, and if no temporary file can be made
    public func prepare(in workspace: FilterWorkspace) throws {
        var made = OverlapIndex(size: size, shortest: shortest)
        try ReferenceRecords.forEachSlice(of: references) { records in
            for record in records { made.add(record) }
        }
        made.finish(common: common)
        let finished = made
        index.withLock { $0 = finished }
    }

    /// Judges records in the order of the corpus.
    ///
    /// - Throws: `UserError` if the disk fails
    public func judge(_ records: [CandidateRecord]) throws -> [FilterVerdict] {
        guard let index = index.withLock({ $0 }) else {
            preconditionFailure("a filter is prepared before it judges")
        }
        return CandidateRecord.inParallel(records) { record in
            guard let overlap = index.overlap(with: record.record, in: of) else { return .keep }
            return .remove(overlap.description)
        }
    }

    /// What was not searched for.
    public var notes: [String] { index.withLock { $0?.notes ?? [] } }
}

extension FilterKind {
    /// `contamination`.
    static let contamination = FilterKind(
        "contamination", "Removes records that share a run of words with an item of an evaluation set.",
        options: [
            .part(default: .all),
            FilterOption("against", .corpora, isRequired: true, "The evaluation sets."),
            FilterOption(
                "ngram", .integer(2...1000), default: .integer(ContaminationFilter.standardSize),
                "Words of a run in common. A turn with fewer words is looked for as a whole."),
            FilterOption(
                "shortest", .integer(1...1000), default: .integer(ContaminationFilter.standardShortest),
                "Turns with fewer words are not looked for; of an item that has no others, all that the user says is."
            ),
            FilterOption(
                "common", .integer(1...Int.max), default: .integer(ContaminationFilter.standardCommon),
                "Runs that more turns of the evaluation sets share identify no item, and are not looked for."),
        ]
    ) { options in
        ContaminationFilter(
            of: options.choice("of"), against: options.corpora("against"),
            size: options.integer("ngram") ?? ContaminationFilter.standardSize,
            shortest: options.integer("shortest") ?? ContaminationFilter.standardShortest,
            common: options.integer("common") ?? ContaminationFilter.standardCommon)
    }
}
