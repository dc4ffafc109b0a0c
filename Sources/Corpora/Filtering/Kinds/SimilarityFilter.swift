import Foundation
import Support
import Synchronization

/// Removes records that are similar in meaning to an earlier record that was kept, or to one of another corpus: the cosine of their mean
/// hidden states in a model is at least the threshold (SemDeDup; Abbas et al. 2023, arXiv 2303.09540, without its clusters).
///
/// The search is exact: each record is compared with all that were kept. Mean hidden states of different texts are far from orthogonal, and how
/// far depends on the model: look at what is removed before trusting a threshold.
///
/// - Complexity: one pass of the model for each record, and 2 · n² / 2 · C operations for n kept records of width C, in matrix products; memory
///   of 4 · C bytes a kept record
public final class SimilarityFilter: RecordFilter {
    /// The part of each record that is compared.
    public let part: TextPart?
    /// The corpora that records are compared with.
    public let references: [URL]
    private let of: TextPart
    private let model: any FilterModel
    private let threshold: Double
    private let layer: Int?
    private let context: Int?
    private let state = Mutex<State?>(nil)

    /// The threshold of recipes and the command.
    public static let standardThreshold = 0.95

    private struct State: Sendable {
        var scores: RecordScores
        var referenceScores: RecordScores
        var index: any SimilarityIndex
        /// Of the vectors in the index.
        var locations = RecordLocations()
    }

    /// - Parameters:
    ///   - part: the text that is compared
    ///   - model: computes the hidden states
    ///   - threshold: the cosine from which a record is removed, at most 1
    ///   - layer: from 1; nil for the last, after the final norm
    ///   - references: corpora with which records are compared, too
    ///   - context: tokens after which a record is truncated; nil for `CorpusEncoder.standardContext`, or the model's own where that is shorter
    public init(
        of part: TextPart = .all, under model: any FilterModel, threshold: Double = standardThreshold,
        layer: Int? = nil, against references: [URL] = [], context: Int? = nil
    ) {
        (self.part, of, self.model, self.threshold) = (part, part, model, threshold)
        (self.layer, self.references, self.context) = (layer, references, context)
    }

    /// Opens the model and reads the corpora that records are compared with.
    ///
    /// - Throws: `UserError` if the model cannot be read or has no such layer, and for mistakes in the corpora
    public func prepare(in workspace: FilterWorkspace) throws {
        try state.withLock { state in
            if workspace.isFirstPass {
                // Of an earlier run: its files are closed first.
                state = nil
                let scorer = try model.scorer(.hiddenState(of: of, layer: layer, context: context))
                state = State(
                    scores: try RecordScores(scorer, "records", in: workspace),
                    referenceScores: try RecordScores(scorer, "against", in: workspace),
                    index: model.index(width: scorer.width, threshold: Float(threshold)))
            } else if let made = state {
                try made.scores.rewind()
                try made.referenceScores.rewind()
                state?.index = made.index.emptied()
                state?.locations = RecordLocations()
            }
        }
        try ReferenceRecords.forEachSlice(of: references) { records in
            _ = try withState { try Self.judge(records, \.referenceScores, &$0) }
        }
    }

    /// Judges records in the order of the corpus.
    ///
    /// - Throws: `UserError` for a record that the chat template refuses, or if the disk fails
    public func judge(_ records: [CandidateRecord]) throws -> [FilterVerdict] {
        try withState { try Self.judge(records, \.scores, &$0) }
    }

    private func withState<Result>(_ body: (inout State) throws -> Result) throws -> Result {
        try state.withLock { state in
            guard state != nil else { preconditionFailure("a filter is prepared before it judges") }
            return try body(&state!)
        }
    }

    private static func judge(
        _ records: [CandidateRecord], _ scores: KeyPath<State, RecordScores>, _ state: inout State
    ) throws -> [FilterVerdict] {
        let vectors = try state[keyPath: scores].values(of: records)
        let measured = vectors.indices.filter { !vectors[$0].isEmpty }
        var verdicts = [FilterVerdict](repeating: .unjudged, count: records.count)
        for (index, found) in zip(measured, state.index.add(measured.map { vectors[$0] })) {
            if let found {
                verdicts[index] = .remove(
                    "similar to \(state.locations[found.number])"
                        + String(format: " (cosine %.3f)", found.cosine))
            } else {
                verdicts[index] = .keep
                state.locations.append(records[index].location)
            }
        }
        return verdicts
    }
}

extension FilterKind {
    /// `similarity`.
    static let similarity = FilterKind(
        "similarity",
        "Removes records that are similar in meaning to an earlier one that was kept, or to one of another corpus, by the cosine of mean "
            + "hidden states.",
        options: [
            .part(default: .all),
            FilterOption("model", .model, isRequired: true, "The model that reads the records."),
            FilterOption(
                "threshold", .number(NumberLimits(0.1...1)),
                default: .number(SimilarityFilter.standardThreshold),
                "The cosine from which the later record is removed. What it means depends on the model and the layer."
            ),
            FilterOption(
                "layer", .integer(1...512),
                "The layer, from 1, whose hidden states are compared (default: the last, after the final norm)."
            ),
            FilterOption("against", .corpora, "Corpora with which records are compared, too."),
            .window,
        ], bytesPerRecord: 20, modelPasses: 1, keepsVectors: true
    ) { options in
        SimilarityFilter(
            of: options.choice("of"), under: options.requiredModel("model"),
            threshold: options.number("threshold") ?? SimilarityFilter.standardThreshold,
            layer: options.integer("layer"), against: options.corpora("against"),
            context: options.integer("context"))
    }
}
