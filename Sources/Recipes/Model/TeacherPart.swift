import Signals

/// A model that teaches, and its share where there are several.
public struct TeacherPart: Sendable {
    public var model: Reference
    public var weight: Double
}

extension KeyType where Value == TeacherPart {
    /// A reference, or a mapping of a reference and a weight.
    static var teacherPart: KeyType {
        let plain = KeyType<Reference>.reference(to: .checkpoint)
        let share = KeyType<TeacherShare>.section(TeacherShare.self)
        func setting(_ part: TeacherPart) -> CanonicalValue {
            .map(["model": .reference(part.model), "weight": .number(part.weight)])
        }
        return KeyType(
            summary: plain.summary, placeholder: { TeacherPart(model: plain.placeholder(), weight: 1) },
            nested: share.nested, use: plain.use,
            decode: { yaml, decoding in
                if yaml.entries != nil {
                    return share.decode(yaml, decoding).map { ($0.value.part, $0.setting) }
                }
                return plain.decode(yaml, decoding).map { reference in
                    let part = TeacherPart(model: reference.value, weight: 1)
                    return (part, setting(part))
                }
            }, setting: setting)
    }
}

private struct TeacherShare: RecipeSection {
    let part: TeacherPart

    init(_ section: Section) {
        part = TeacherPart(
            model: section.value("model", .reference(to: .checkpoint), "The teacher, where it has a weight."),
            weight: section.value(
                "weight", .number(TeacherMixture.weightLimits), default: 1,
                "What its word weighs against the others'."))
    }
}

/// How several teachers speak as one.
public struct TeacherMixSettings: Sendable, RecipeSection {
    public let space: TeacherMixture.Space
    public let weighting: TeacherMixture.Weighting

    init(_ section: Section) {
        space = section.value(
            "space", .choice, default: .probabilities,
            "What is averaged: probabilities (likely is what any holds likely) or logits (what none holds unlikely)."
        )
        weighting = section.value(
            "weighting", .choice, default: .fixed,
            "Who counts more at a position: nobody (fixed), who is sure (confidence), who is right (accuracy)."
        )
    }
}
