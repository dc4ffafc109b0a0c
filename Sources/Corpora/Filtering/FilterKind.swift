/// A kind of filter: its name, its options, and how it is made of them.
///
/// A kind is added in one file in `Kinds`, which defines the filter and its `FilterKind`, and one line in `all`. Recipes, the command,
/// the reference of keys and the reports take everything else from here.
public struct FilterKind: Sendable {
    /// The name in recipes and reports.
    public let name: String
    /// One sentence on what is removed.
    public let summary: String
    /// The options.
    public let options: [FilterOption]
    /// Bytes of memory for each record that is kept, in an estimate.
    public let bytesPerRecord: Double
    /// How often models read each record, in an estimate.
    public let modelPasses: Double
    /// Whether a vector of the model's width is kept in memory for each record.
    public let keepsVectors: Bool
    private let make: @Sendable (FilterOptions) throws -> any RecordFilter

    /// A kind of filter.
    ///
    /// - Parameter make: makes a filter without reading a file; throws `FilterOptionFault` for values that do not go together
    init(
        _ name: String, _ summary: String, options: [FilterOption], bytesPerRecord: Double = 0,
        modelPasses: Double = 0, keepsVectors: Bool = false,
        make: @escaping @Sendable (FilterOptions) throws -> any RecordFilter
    ) {
        self.name = name
        self.summary = summary
        self.options = options
        self.bytesPerRecord = bytesPerRecord
        (self.modelPasses, self.keepsVectors) = (modelPasses, keepsVectors)
        self.make = make
    }

    /// A filter of the kind.
    ///
    /// - Parameter values: the options that are given
    /// - Throws: `FilterOptionFault` for values that do not go together
    public func filter(_ values: [String: FilterValue]) throws -> any RecordFilter {
        try make(FilterOptions(values, of: options))
    }

    /// All kinds, the cheap ones first.
    public static let all: [FilterKind] = [
        .length, .finishReason, .script, .language, .repetition, .refusal, .pattern, .personalData,
        .reference,
        .json, .exactDuplicates, .nearDuplicates, .contamination, .perplexity, .perplexityRatio, .similarity,
    ]
}

extension FilterOption {
    /// The part of a record that is looked at.
    static func part(default part: TextPart) -> FilterOption {
        FilterOption(
            "of", .choice(TextPart.allCases.map(\.rawValue)), default: .text(part.rawValue),
            "The text that is looked at: the answer (the assistant's turns), the prompt (all other turns) or all. "
                + "A record that is a text has one part.")
    }

    /// The option `context` of filters that run a model.
    static let window = FilterOption(
        "context", .integer(CorpusEncoder.contextLimits),
        "Tokens that the model reads at once (default: 256, or the model's context where that is shorter). Perplexity takes longer texts "
            + "in windows that overlap by half, similarity their beginning.")

    /// What happens to records that lack what a filter reads.
    static let unjudged = FilterOption(
        "unknown", .choice(UnjudgedRecords.allCases.map(\.rawValue)),
        default: .text(UnjudgedRecords.keep.rawValue),
        "Whether a record that lacks what the filter reads is kept (and counted) or removed.")
}

/// What happens to records that lack what a filter reads.
public enum UnjudgedRecords: String, CaseIterable, Sendable {
    /// They are kept, and counted.
    case keep
    /// They are removed.
    case remove

    /// The verdict on such a record.
    func verdict(_ reason: String) -> FilterVerdict { self == .keep ? .unjudged : .remove(reason) }
}
