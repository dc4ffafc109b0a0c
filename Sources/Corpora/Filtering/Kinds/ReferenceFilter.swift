import Support

/// Removes records whose answer is not the reference answer that a key of the record gives.
public struct ReferenceFilter: RecordRule {
    /// How an answer is compared.
    public enum Comparison: String, CaseIterable, Sendable {
        /// The answer is the reference.
        case equals
        /// The reference is in the answer.
        case contains
    }

    /// The part of each record that is looked at.
    public let part: TextPart? = .answer
    private let keys: [String]
    private let comparison: Comparison
    private let isNormalized: Bool
    private let unjudged: UnjudgedRecords

    /// Where references are looked for.
    public static let standardKeys = ["answers", "meta.answer", "answer"]

    /// - Parameters:
    ///   - keys: where the record has its reference, a text, number or list of them; the first key that is there counts
    ///   - comparison: how the answer is compared
    ///   - isNormalized: whether case, spacing and punctuation are left out of the comparison, so that whole words are compared
    ///   - unjudged: what happens to records without a reference
    public init(
        keys: [String] = Self.standardKeys, comparison: Comparison = .equals, isNormalized: Bool = true,
        withoutReference unjudged: UnjudgedRecords = .keep
    ) {
        (self.keys, self.comparison, self.isNormalized, self.unjudged) = (
            keys, comparison, isNormalized, unjudged
        )
    }

    /// Judges a record.
    ///
    /// - Throws: `UserError` for a record that cannot be read
    public func verdict(on record: CandidateRecord) throws -> FilterVerdict {
        for key in keys {
            guard let value = try record.value(at: key) else { continue }
            let references = try Self.texts(value, key, record)
            // The last turn is the one that answers.
            let answer = record.record.texts(of: .answer).last ?? ""
            if references.contains(where: { accepts(answer, $0) }) { return .keep }
            let wanted = references.prefix(3).map { $0.debugDescription }.joined(separator: " or ")
            return .remove(
                comparison == .equals
                    ? "the answer is not \(wanted)" : "the answer does not contain \(wanted)")
        }
        return unjudged.verdict("no reference answer (\(keys.joined(separator: ", ")))")
    }

    private static func texts(_ value: OrderedJSON, _ key: String, _ record: CandidateRecord) throws
        -> [String]
    {
        switch value {
        case .string(let text): return [text]
        case .integer, .number, .boolean: return [value.text]
        case .array(let values) where !values.isEmpty:
            return try values.flatMap { try texts($0, key, record) }
        default:
            throw UserError(
                "\"\(key)\" is \(value.text.prefix(80)), not an answer to compare with",
                file: record.location.file,
                line: record.location.line, hint: "a text, a number or a list of them is expected")
        }
    }

    private func accepts(_ answer: String, _ reference: String) -> Bool {
        guard isNormalized else {
            return comparison == .equals ? answer == reference : answer.contains(reference)
        }
        let (answer, reference) = (NormalizedWords(answer), NormalizedWords(reference))
        if comparison == .equals { return answer.bytes == reference.bytes }
        guard reference.count > 0, answer.count >= reference.count else { return false }
        return (0...answer.count - reference.count).contains {
            answer.hashes[$0..<$0 + reference.count].elementsEqual(reference.hashes)
        }
    }
}

extension FilterKind {
    /// `reference`.
    static let reference = FilterKind(
        "reference",
        "Removes records whose answer is not the reference answer that a key of the record gives.",
        options: [
            FilterOption(
                "keys", .texts, default: .texts(ReferenceFilter.standardKeys),
                "Keys of the record with its reference, a text or a list of them; the first one that is there counts."
            ),
            FilterOption(
                "comparison", .choice(ReferenceFilter.Comparison.allCases.map(\.rawValue)),
                default: .text(ReferenceFilter.Comparison.equals.rawValue),
                "Whether the answer must equal the reference or contain it."),
            FilterOption(
                "normalize", .flag, default: .flag(true),
                "Whether case, spacing and punctuation are left out of the comparison."),
            .unjudged,
        ]
    ) { options in
        ReferenceFilter(
            keys: options.texts("keys"), comparison: options.choice("comparison"),
            isNormalized: options.flag("normalize"), withoutReference: options.choice("unknown"))
    }
}
