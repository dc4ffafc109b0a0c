import Support

/// Removes records whose text matches a regular expression, or lacks a match.
///
/// Patterns are searched for in linear time, see `LinearPattern`: no pattern can hang on any text.
public struct PatternFilter: RecordRule {
    /// What is removed.
    public enum Removal: String, CaseIterable, Sendable {
        /// Records that match one of the patterns.
        case matching
        /// Records that match none of them.
        case others
    }

    /// The part of each record that is looked at.
    public let part: TextPart?
    private let of: TextPart
    private let patterns: [LinearPattern]
    private let removal: Removal

    /// - Parameters:
    ///   - part: the text that is searched
    ///   - patterns: the regular expressions
    ///   - removal: whether matching records are removed, or all others
    /// - Throws: `FilterOptionFault` for a pattern that cannot be read
    public init(of part: TextPart = .answer, patterns: [String], removing removal: Removal = .matching) throws
    {
        (self.part, of, self.removal) = (part, part, removal)
        self.patterns = try patterns.map { text in
            do throws(PatternFault) { return try LinearPattern(text) } catch {
                throw FilterOptionFault(
                    "patterns", "\"\(text)\": \(error.problem) (character \(error.column))")
            }
        }
    }

    /// Judges a record.
    public func verdict(on record: CandidateRecord) -> FilterVerdict {
        let text = record.text(of: of)
        for pattern in patterns {
            guard let match = pattern.firstMatch(in: text) else { continue }
            return removal == .matching
                ? .remove("\(of.phrase) that matches \(pattern.text) at character \(match.lowerBound + 1)")
                : .keep
        }
        guard removal == .others else { return .keep }
        return .remove("\(of.phrase) that does not match \(patterns.map(\.text).joined(separator: " or "))")
    }
}

extension FilterKind {
    /// `pattern`.
    static let pattern = FilterKind(
        "pattern", "Removes records whose text matches a regular expression, or lacks a match.",
        options: [
            .part(default: .answer),
            FilterOption(
                "patterns", .texts, isRequired: true,
                "Regular expressions, matched in linear time; without lookaround and references to groups."),
            FilterOption(
                "remove", .choice(PatternFilter.Removal.allCases.map(\.rawValue)),
                default: .text(PatternFilter.Removal.matching.rawValue),
                "matching: records that match one of the patterns. others: records that match none."),
        ]
    ) { options in
        try PatternFilter(
            of: options.choice("of"), patterns: options.texts("patterns"), removing: options.choice("remove"))
    }
}
