import Support

/// A corpus and its share in a mixture.
public struct CorpusPart: Sendable {
    /// What a weight accepts: documents are listed as often as they are drawn.
    static let weightLimits = NumberLimits(above: 0, upTo: 1000)

    public var source: Reference
    /// How often its documents are drawn, relative to the other parts: 2 is twice as often as its size alone gives.
    public var weight: Double
    /// Only its first documents are used; `nil` is all.
    public var limit: Int?
    /// Who speaks of its documents; `nil` is the stage's teacher.
    public var teacher: Reference?
}

extension KeyType where Value == CorpusPart {
    /// A reference, or a mapping of a reference, a weight and a limit.
    static var corpusPart: KeyType {
        let plain = KeyType<Reference>.reference(to: .corpus)
        let share = KeyType<CorpusShare>.section(CorpusShare.self)
        return KeyType(
            summary: plain.summary, placeholder: { CorpusPart(source: plain.placeholder(), weight: 1) },
            nested: share.nested, use: plain.use,
            decode: { yaml, decoding in
                if yaml.entries != nil {
                    return share.decode(yaml, decoding).map { ($0.value.part, $0.setting) }
                }
                return plain.decode(yaml, decoding).map { reference in
                    let part = CorpusPart(source: reference.value, weight: 1)
                    return (part, setting(of: part))
                }
            }, setting: setting(of:))
    }

    private static func setting(of part: CorpusPart) -> CanonicalValue {
        var settings: [String: CanonicalValue] = [
            "source": .reference(part.source), "weight": .number(part.weight),
        ]
        if let limit = part.limit { settings["limit"] = .integer(limit) }
        if let teacher = part.teacher { settings["teacher"] = .reference(teacher) }
        return .map(settings)
    }
}

private struct CorpusShare: RecipeSection {
    let part: CorpusPart

    init(_ section: Section) {
        part = CorpusPart(
            source: section.value("source", .reference(to: .corpus), "The corpus, where it has a weight."),
            weight: section.value(
                "weight", .number(CorpusPart.weightLimits), default: 1,
                "How often its documents are drawn, relative to the other corpora."),
            limit: section.optional(
                "limit", .integer(1...), defaultText: "all", "Use only the first documents."),
            teacher: section.optional(
                "teacher", .reference(to: .checkpoint), defaultText: "the stage's",
                "The model that speaks of this corpus, as teacher does of all."))
    }
}
