import Foundation
import Support
import Synchronization

/// Removes records by their perplexity under a model, or by the ratio of two perplexities.
///
/// The perplexity of a record is exp of the mean negative log-likelihood of its tokens, in windows as `distill evaluate` has them. A ratio is
/// that to the perplexity under another model with the same tokenizer, or to that of the same answer when the prompt is hidden:
/// the instruction-following difficulty (IFD; Li et al. 2023, arXiv 2308.12032; as a ratio of perplexities 2402.00530). Bounds are values
/// or percentiles of the records that reach the filter; with percentiles the corpus is read twice.
///
/// - Complexity: one pass of the model for each record and perplexity; 4 bytes of memory a record with percentiles
public final class PerplexityFilter: RecordFilter {
    /// What a perplexity is divided by.
    public enum Denominator: Sendable {
        /// The perplexity of the same text under another model with the same tokenizer.
        case model(any FilterModel)
        /// The perplexity when all turns but the assistant's are empty.
        case hiddenPrompt
    }

    /// The values that are kept, both ends included.
    public struct Bounds: Equatable, Sendable {
        /// The least and the greatest value; nil for any.
        public var least, greatest: Double?
        /// The same as percentiles of the corpus, 0 to 100.
        public var leastPercentile, greatestPercentile: Double?

        /// Bounds; those left out are none.
        public init(
            least: Double? = nil, greatest: Double? = nil, leastPercentile: Double? = nil,
            greatestPercentile: Double? = nil
        ) {
            (self.least, self.greatest) = (least, greatest)
            (self.leastPercentile, self.greatestPercentile) = (leastPercentile, greatestPercentile)
        }

        var hasPercentiles: Bool { leastPercentile != nil || greatestPercentile != nil }
    }

    /// The part of each record that is scored.
    public let part: TextPart?
    private let of: TextPart
    private let model: any FilterModel
    private let denominator: Denominator?
    private let bounds: Bounds
    private let fewest: Int
    private let context: Int?
    private let state = Mutex<State?>(nil)

    private struct State: Sendable {
        var scores: [RecordScores]
        /// Logarithms, in the order of the corpus.
        var surveyed: [Float] = []
        /// The values of the percentiles, once all records are surveyed.
        var limits: (least: Double?, greatest: Double?)?
    }

    /// - Parameters:
    ///   - part: the text that is scored
    ///   - model: the model
    ///   - denominator: what the perplexity is divided by; nil for nothing
    ///   - bounds: the values that are kept
    ///   - fewest: tokens below which a record is not judged: the perplexity of a word or two says little
    ///   - context: tokens of a window; nil for `CorpusEncoder.standardContext`, or the model's own where that is shorter
    public init(
        of part: TextPart = .answer, under model: any FilterModel, over denominator: Denominator? = nil,
        keeping bounds: Bounds, fewestTokens fewest: Int = 1, context: Int? = nil
    ) {
        (self.part, of, self.model, self.denominator) = (part, part, model, denominator)
        (self.bounds, self.fewest, self.context) = (bounds, fewest, context)
    }

    /// Opens the models.
    ///
    /// - Throws: `UserError` if a model cannot be read, or the two have different tokenizers
    public func prepare(in workspace: FilterWorkspace) throws {
        try state.withLock { state in
            guard workspace.isFirstPass else {
                if let surveyed = state?.surveyed, !surveyed.isEmpty { state?.limits = limits(of: surveyed) }
                state?.surveyed = []
                try state?.scores.forEach { try $0.rewind() }
                return
            }
            // Of an earlier run: its files are closed first.
            state = nil
            let measure = RecordMeasure.likelihood(of: of, context: context)
            var scorers = [(try model.scorer(measure), "perplexity")]
            switch denominator {
            case .model(let other):
                guard try model.tokenizer().hasSameIDs(as: other.tokenizer()) else {
                    throw UserError(
                        "\(model.name) and \(other.name) have different tokenizers: their perplexities per token do not compare",
                        hint: "compare models of one tokenizer", status: .configuration)
                }
                scorers.append((try other.scorer(measure), "other"))
            case .hiddenPrompt:
                scorers.append(
                    (
                        try model.scorer(.likelihood(of: of, hidesPrompt: true, context: context)),
                        "hidden-prompt"
                    ))
            case nil: break
            }
            state = State(scores: try scorers.map { try RecordScores($0.0, $0.1, in: workspace) })
        }
    }

    /// Whether there are percentiles.
    public var needsSurvey: Bool { bounds.hasPercentiles }

    /// Scores records.
    ///
    /// - Throws: as `judge`
    public func survey(_ records: [CandidateRecord]) throws {
        try withState { state in
            state.surveyed += try logarithms(of: records, state.scores).compactMap { $0 }
        }
    }

    /// Scores records in the order of the corpus.
    ///
    /// - Throws: `UserError` for a record that the chat template refuses, or if the disk fails
    public func judge(_ records: [CandidateRecord]) throws -> [FilterVerdict] {
        try withState { state in
            try logarithms(of: records, state.scores).map { logarithm in
                guard let logarithm else { return .unjudged }
                return verdict(exp(Double(logarithm)), state.limits)
            }
        }
    }

    private func withState<Result>(_ body: (inout State) throws -> Result) throws -> Result {
        try state.withLock { state in
            guard state != nil else { preconditionFailure("a filter is prepared before it judges") }
            return try body(&state!)
        }
    }

    /// ln of the perplexity or of the ratio; nil for a record with nothing to score, or too little.
    private func logarithms(
        of records: [CandidateRecord], _ scores: [RecordScores]
    ) throws -> [Float?] {
        func read(_ scores: RecordScores) throws -> [Float?] {
            try scores.values(of: records).map { $0.count == 2 && $0[1] >= Float(fewest) ? $0[0] : nil }
        }
        let first = try read(scores[0])
        guard scores.count > 1 else { return first }
        let second = try read(scores[1])
        return zip(first, second).map { first, second in first.flatMap { first in second.map { first - $0 } }
        }
    }

    /// The values at the percentiles, by linear interpolation between the closest ranks, as NumPy has it.
    private func limits(of logarithms: [Float]) -> (least: Double?, greatest: Double?) {
        let sorted = logarithms.sorted()
        func value(_ percentile: Double?) -> Double? {
            guard let percentile, !sorted.isEmpty else { return nil }
            let rank = percentile / 100 * Double(sorted.count - 1)
            let below = Int(rank)
            let above = min(below + 1, sorted.count - 1)
            let low = exp(Double(sorted[below]))
            // The value itself, not its neighbour in Double, at a whole rank.
            return rank == Double(below)
                ? low : low + (rank - Double(below)) * (exp(Double(sorted[above])) - low)
        }
        return (value(bounds.leastPercentile), value(bounds.greatestPercentile))
    }

    private func verdict(
        _ value: Double, _ limits: (least: Double?, greatest: Double?)?
    ) -> FilterVerdict {
        let what = denominator == nil ? "perplexity" : "perplexity ratio"
        func text(_ number: Double) -> String { String(format: "%.4g", number) }
        let wanted: [(bound: Double?, percentile: Double?, isLeast: Bool)] = [
            (bounds.least, nil, true), (bounds.greatest, nil, false),
            (limits?.least, bounds.leastPercentile, true),
            (limits?.greatest, bounds.greatestPercentile, false),
        ]
        for (bound, percentile, isLeast) in wanted {
            guard let bound, isLeast ? value < bound : value > bound else { continue }
            let origin = percentile.map { ", percentile \(text($0))" } ?? ""
            return .remove(
                "\(what) \(text(value)) of \(of.phrase), at \(isLeast ? "least" : "most") \(text(bound))\(origin) wanted"
            )
        }
        return .keep
    }

    /// The values at the percentiles.
    public var notes: [String] {
        guard let limits = state.withLock({ $0?.limits }) else { return [] }
        return [(bounds.leastPercentile, limits.least), (bounds.greatestPercentile, limits.greatest)]
            .compactMap {
                percentile, value in
                guard let percentile, let value else { return nil }
                return String(format: "percentile %g is %.4g", percentile, value)
            }
    }
}

extension FilterKind {
    private static let perplexities = NumberLimits(0...1e30)

    private static func bounds(
        _ options: FilterOptions, _ least: String, _ greatest: String
    ) throws -> PerplexityFilter.Bounds {
        let bounds = PerplexityFilter.Bounds(
            least: options.number(least), greatest: options.number(greatest),
            leastPercentile: options.number("min_percentile"),
            greatestPercentile: options.number("max_percentile"))
        guard bounds != PerplexityFilter.Bounds() else {
            throw FilterOptionFault(
                "kind", "nothing says what is removed",
                hint: "give \(least), \(greatest), min_percentile or max_percentile")
        }
        for (least, greatest, keys) in [
            (bounds.least, bounds.greatest, (least, greatest)),
            (bounds.leastPercentile, bounds.greatestPercentile, ("min_percentile", "max_percentile")),
        ] where least ?? 0 > greatest ?? .infinity {
            throw FilterOptionFault(
                keys.1, "\(keys.1) \(greatest ?? 0) is below \(keys.0) \(least ?? 0): nothing would be kept")
        }
        return bounds
    }

    private static let percentileOptions = [
        FilterOption(
            "min_percentile", .number(NumberLimits(0...100)),
            "The least value that is kept, as a percentile of the records that reach the filter; the corpus is then read twice."
        ),
        FilterOption(
            "max_percentile", .number(NumberLimits(0...100)),
            "The greatest value that is kept, as a percentile."),
    ]

    private static let fewestTokens = FilterOption(
        "min_tokens", .integer(1...1_000_000), default: .integer(1),
        "Records of which fewer tokens are scored are not judged: the perplexity of a word or two says little."
    )

    /// `perplexity`.
    static let perplexity = FilterKind(
        "perplexity", "Removes records that a model finds too probable or too improbable, by perplexity.",
        options: [
            .part(default: .answer),
            FilterOption("model", .model, isRequired: true, "The model that reads the records."),
            FilterOption("min_perplexity", .number(perplexities), "The least perplexity that is kept."),
            FilterOption("max_perplexity", .number(perplexities), "The greatest perplexity that is kept."),
        ] + percentileOptions + [fewestTokens, .window], bytesPerRecord: 4, modelPasses: 1
    ) { options in
        PerplexityFilter(
            of: options.choice("of"), under: options.requiredModel("model"),
            keeping: try bounds(options, "min_perplexity", "max_perplexity"),
            fewestTokens: options.integer("min_tokens") ?? 1,
            context: options.integer("context"))
    }

    /// `perplexity_ratio`.
    static let perplexityRatio = FilterKind(
        "perplexity_ratio",
        "Removes records by the ratio of two perplexities: under model to under reference_model, or, without that, of the answer with its "
            + "prompt to the answer without (instruction-following difficulty).",
        options: [
            .part(default: .answer),
            FilterOption("model", .model, isRequired: true, "The model that reads the records."),
            FilterOption(
                "reference_model", .model,
                "A model with the same tokenizer, such as a smaller one, whose perplexity the ratio is to. Without it: the "
                    + "same model, from which the prompt is hidden."),
            FilterOption("min_ratio", .number(perplexities), "The least ratio that is kept."),
            FilterOption("max_ratio", .number(perplexities), "The greatest ratio that is kept."),
        ] + percentileOptions + [fewestTokens, .window], bytesPerRecord: 4, modelPasses: 2
    ) { options in
        let reference = options.model("reference_model")
        let part: TextPart = options.choice("of")
        guard reference != nil || part == .answer else {
            throw FilterOptionFault(
                "of", "without a prompt only the answer is compared",
                hint: "leave it out, or give reference_model")
        }
        return PerplexityFilter(
            of: part, under: options.requiredModel("model"),
            over: reference.map { .model($0) } ?? .hiddenPrompt,
            keeping: try bounds(options, "min_ratio", "max_ratio"),
            fewestTokens: options.integer("min_tokens") ?? 1,
            context: options.integer("context"))
    }
}
