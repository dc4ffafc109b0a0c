import Support
import Tokenization

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
        /// Tokens of a tokenizer: those of the contents, without the markers of a chat template.
        case tokens
    }

    /// The part of each record that is looked at.
    public let part: TextPart?
    private let of: TextPart
    private let unit: Unit
    private let tokenizer: (@Sendable () throws -> Tokenizer)?
    private let minimum: Int
    private let maximum: Int

    /// - Parameters:
    ///   - part: the text that is measured
    ///   - unit: what it is measured in
    ///   - minimum: the least length that is kept
    ///   - maximum: the greatest length that is kept
    ///   - tokenizer: of the unit `tokens`; called for each record
    public init(
        of part: TextPart = .answer, in unit: Unit = .characters, minimum: Int = 1, maximum: Int = .max,
        tokenizer: (@Sendable () throws -> Tokenizer)? = nil
    ) {
        precondition((unit == .tokens) == (tokenizer != nil), "tokens, and only they, have a tokenizer")
        (self.part, of, self.unit, self.minimum, self.maximum) = (part, part, unit, minimum, maximum)
        self.tokenizer = tokenizer
    }

    /// Reads the tokenizer.
    ///
    /// - Throws: `UserError` if there is none
    public func prepare(in workspace: FilterWorkspace) throws { _ = try tokenizer?() }

    /// Judges a record.
    ///
    /// - Throws: `UserError` if there is no tokenizer
    public func verdict(on record: CandidateRecord) throws -> FilterVerdict {
        let length = try length(of: record)
        if length < minimum {
            return .remove("\(of.phrase) of \(length) \(unit.rawValue), at least \(minimum) wanted")
        }
        if length > maximum {
            return .remove("\(of.phrase) of \(length) \(unit.rawValue), at most \(maximum) wanted")
        }
        return .keep
    }

    private func length(of record: CandidateRecord) throws -> Int {
        let text = record.text(of: of)
        switch unit {
        case .characters: return text.unicodeScalars.count
        case .words: return NormalizedWords(text).count
        case .lines:
            return text.split(whereSeparator: \.isNewline).count { !$0.allSatisfy(\.isWhitespace) }
        case .tokens:
            guard let tokenizer = try tokenizer?() else { preconditionFailure("tokens have a tokenizer") }
            return record.record.texts(of: of).reduce(0) { $0 + tokenizer.encodeContent($1).count }
        }
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
                "tokenizer", .tokenizer,
                "The tokenizer of unit: tokens, or a model that has one. Markers of a chat template are not counted."
            ),
            FilterOption(
                "min", .integer(0...Int.max), default: .integer(1), "The least length that is kept."),
            FilterOption("max", .integer(0...Int.max), "The greatest length that is kept."),
        ]
    ) { options in
        let (least, most) = (options.integer("min") ?? 0, options.integer("max") ?? .max)
        guard least <= most else {
            throw FilterOptionFault("max", "max \(most) is below min \(least): nothing would be kept")
        }
        let unit: LengthFilter.Unit = options.choice("unit")
        let model = options.model("tokenizer")
        guard unit != .tokens || model != nil else {
            throw FilterOptionFault(
                "unit", "there is no tokenizer to count tokens with", hint: "give the key tokenizer")
        }
        guard unit == .tokens || model == nil else {
            throw FilterOptionFault(
                "tokenizer", "\(unit.rawValue) are counted without a tokenizer", hint: "give unit: tokens")
        }
        let part: TextPart = options.choice("of")
        guard let model else { return LengthFilter(of: part, in: unit, minimum: least, maximum: most) }
        return LengthFilter(of: part, in: unit, minimum: least, maximum: most) { try model.tokenizer() }
    }
}
