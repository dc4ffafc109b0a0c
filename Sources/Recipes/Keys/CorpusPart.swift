import RecipeSchema
import Support

/// A corpus and its weight in a mixture.
struct CorpusPart: Sendable {
    /// What a weight accepts: documents are listed as often as they are drawn.
    static let weightLimits = NumberLimits(above: 0, upTo: 1000)

    var source: Reference
    /// How often its documents are drawn, relative to the other parts: 2 is twice as often as its size alone gives.
    var weight = 1.0
    /// Only its first documents are used; `nil` is all.
    var limit: Int?
    /// The teacher of its documents; `nil` is the stage's teacher.
    var teacher: Reference?
}

extension KeyType<CorpusPart> {
    /// A reference, or a mapping of a reference, a weight and a limit.
    static var corpusPart: Self {
        .either(
            .reference(to: .corpus), { CorpusPart(source: $0) }, or: WeightedCorpus.self, \.part,
            canonical: { part in
                var values: [String: CanonicalValue] = [
                    "source": .input(part.source), "weight": .number(part.weight),
                ]
                if let limit = part.limit { values["limit"] = .integer(limit) }
                if let teacher = part.teacher { values["teacher"] = .input(teacher) }
                return .map(values)
            })
    }
}

private struct WeightedCorpus: RecipeSection {
    let part: CorpusPart

    init(_ section: Section) {
        part = CorpusPart(
            source: section.value(
                "source", .reference(to: .corpus), "The corpus, in a mapping with further keys."),
            weight: section.value(
                "weight", .number(CorpusPart.weightLimits), default: 1,
                "How often its documents are drawn, relative to the other corpora."),
            limit: section.optional(
                "limit", .integer(1...), defaultText: "all", "Use only the first documents."),
            teacher: section.optional(
                "teacher", .reference(to: .checkpoint), defaultText: "the stage's",
                "The teacher for this corpus, as the stage's key teacher is for all."))
    }
}
