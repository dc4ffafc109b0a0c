import Support

/// Removes records whose generation did not end as wanted, such as answers that were cut at the maximum length.
///
/// The reason is read from `meta.finish_reason`, where `generate` writes it, or `finish_reason`.
public struct FinishReasonFilter: RecordRule {
    /// None: no text is looked at.
    public var part: TextPart? { nil }
    private let accepted: [String]
    private let unjudged: UnjudgedRecords

    /// Ends that are the model's own decision.
    public static let standard = ["stop", "stop_string", "end_turn", "eos", "tool_calls"]
    private static let keys = ["meta.finish_reason", "finish_reason"]

    /// - Parameters:
    ///   - accepted: the reasons that are kept
    ///   - unjudged: what happens to records without a reason
    public init(accepting accepted: [String] = Self.standard, withoutReason unjudged: UnjudgedRecords = .keep)
    {
        (self.accepted, self.unjudged) = (accepted, unjudged)
    }

    /// Judges a record.
    ///
    /// - Throws: `UserError` for a record that cannot be read
    public func verdict(on record: CandidateRecord) throws -> FilterVerdict {
        for key in Self.keys {
            guard case .string(let reason)? = try record.value(at: key) else { continue }
            return accepted.contains(reason)
                ? .keep : .remove("finish reason \"\(reason)\", \(accepted.joined(separator: " or ")) wanted")
        }
        return unjudged.verdict("no finish reason")
    }
}

extension FilterKind {
    /// `finish_reason`.
    static let finishReason = FilterKind(
        "finish_reason",
        "Removes records whose generation did not end as wanted, by meta.finish_reason or finish_reason.",
        options: [
            FilterOption(
                "accept", .texts, default: .texts(FinishReasonFilter.standard), "The reasons that are kept."),
            .unjudged,
        ]
    ) { options in
        FinishReasonFilter(accepting: options.texts("accept"), withoutReason: options.choice("unknown"))
    }
}
