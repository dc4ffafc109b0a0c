import Support

/// Removes records whose text is too short or too long.
public struct LengthFilter: RecordRule {
    /// What length is measured in.
    public enum Unit: String, CaseIterable, Sendable {
        /// Unicode scalars.
        case characters
        /// Words, see `NormalizedWords`: runs of letters and digits.
        case words
        /// Lines that are not blank.
        case lines
    }

    /// The part of each record that is looked at.
    public let part: TextPart?
    private let of: TextPart
    private let unit: Unit
    private let minimum: Int
    private let maximum: Int

    /// - Parameters:
    ///   - part: the text that is measured
    ///   - unit: what it is measured in
    ///   - minimum: the least length that is kept
    ///   - maximum: the greatest length that is kept
    public init(
        of part: TextPart = .answer, in unit: Unit = .characters, minimum: Int = 1, maximum: Int = .max
    ) {
        (self.part, of, self.unit, self.minimum, self.maximum) = (part, part, unit, minimum, maximum)
    }

    /// Judges a record.
    public func verdict(on record: CandidateRecord) -> FilterVerdict {
        let text = record.text(of: of)
        let length =
            switch unit {
            case .characters: text.unicodeScalars.count
            case .words: NormalizedWords(text).count
            case .lines: text.split(whereSeparator: \.isNewline).count { !$0.allSatisfy(\.isWhitespace) }
            }
        if length < minimum {
            return .remove("\(of.phrase) of \(length) \(unit.rawValue), at least \(minimum) wanted")
        }
        if length > maximum {
            return .remove("\(of.phrase) of \(length) \(unit.rawValue), at most \(maximum) wanted")
        }
        return .keep
    }
}

extension FilterKind {
    /// `length`.
    static let length = FilterKind(
        "length", "Removes records whose text is too short or too long.",
        options: [
            .part(default: .answer),
            FilterOption(
                "unit", .choice(LengthFilter.Unit.allCases.map(\.rawValue)),
                default: .text(LengthFilter.Unit.characters.rawValue), "What the length is measured in."),
            FilterOption(
                "min", .integer(0...Int.max), default: .integer(1), "The least length that is kept."),
            FilterOption("max", .integer(0...Int.max), "The greatest length that is kept."),
        ]
    ) { options in
        let (least, most) = (options.integer("min") ?? 0, options.integer("max") ?? .max)
        guard least <= most else {
            throw FilterOptionFault("max", "max \(most) is below min \(least): nothing would be kept")
        }
        return LengthFilter(
            of: options.choice("of"), in: options.choice("unit"), minimum: least, maximum: most)
    }
}
