import Support

/// A rule that votes for the label of a record, or abstains.
///
/// A function need not be right: `LabelModel` learns how often it is. Labels are numbers from 0.
public struct LabelingFunction: Sendable {
    /// What decides a vote.
    public enum Rule: Sendable {
        /// A filter: the label of records that it would remove, and that of records it would keep. It abstains on records that
        /// the filter cannot judge.
        case filter(any RecordFilter, removed: Int?, kept: Int?)
        /// The value of a key of the record, such as `meta.vote`: what each value votes for, nil for an abstention. Records
        /// without the key have no vote.
        case vote(key: String, values: [String: Int?])
        /// A number at a key, such as the score of a judge: the labels of numbers within the bounds and outside. Records without
        /// the key have no vote.
        case score(key: String, bounds: ClosedRange<Double>, inside: Int?, outside: Int?)
    }

    /// The name in reports and in the records' votes.
    public let name: String
    /// What decides a vote.
    public let rule: Rule

    /// A function.
    public init(_ name: String, _ rule: Rule) { (self.name, self.rule) = (name, rule) }

    /// The filter of the rule, if it is one.
    var filter: (any RecordFilter)? { if case .filter(let filter, _, _) = rule { filter } else { nil } }

    /// The outcomes of records in the order of the corpus, as `LabelMatrix` stores them.
    ///
    /// - Throws: `UserError` with file and line for a value that is no vote, and for a record that cannot be read
    func outcomes(of records: [CandidateRecord]) throws -> [UInt8] {
        func outcome(_ label: Int?) -> UInt8 { label.map { UInt8($0 + 1) } ?? 0 }
        switch rule {
        case .filter(let filter, let removed, let kept):
            return try filter.judge(records).map { verdict in
                switch verdict {
                case .keep: outcome(kept)
                case .remove: outcome(removed)
                case .unjudged: 0
                }
            }
        case .vote(let key, let values):
            return try CandidateRecord.inParallel(records) { record in
                Result { outcome(try vote(of: record, key, values)) }
            }.map { try $0.get() }
        case .score(let key, let bounds, let inside, let outside):
            return try CandidateRecord.inParallel(records) { record in
                Result {
                    guard let score = try score(of: record, key) else { return UInt8(0) }
                    return outcome(bounds.contains(score) ? inside : outside)
                }
            }.map { try $0.get() }
        }
    }

    private func vote(of record: CandidateRecord, _ key: String, _ values: [String: Int?]) throws -> Int? {
        guard let value = try record.value(at: key) else { return nil }
        let text: String
        switch value {
        case .string(let string): text = string
        case .integer, .number, .boolean: text = value.text
        default: throw error(record, "\"\(key)\" is \(value.text.prefix(80)), not a vote", hint: nil)
        }
        guard let label = values[text] else {
            throw error(
                record, "\"\(key)\" is \(text.prefix(80).debugDescription), which \(name) gives no label",
                hint: "known are \(values.keys.sorted().joined(separator: ", "))")
        }
        return label
    }

    private func score(of record: CandidateRecord, _ key: String) throws -> Double? {
        switch try record.value(at: key) {
        case nil: return nil
        case .integer(let value)?: return Double(value)
        case .number(let value)?: return value
        case let value?:
            throw error(record, "\"\(key)\" is \(value.text.prefix(80)), not a number", hint: nil)
        }
    }

    private func error(_ record: CandidateRecord, _ problem: String, hint: String?) -> UserError {
        UserError(problem, file: record.location.file, line: record.location.line, hint: hint)
    }
}
