import RecipeSchema
import Signals

/// A teacher, and its weight where there are several.
struct TeacherPart: Sendable {
    var model: Reference
    var weight = 1.0
}

extension KeyType<TeacherPart> {
    /// A reference, or a mapping of a reference and a weight.
    static var teacherPart: Self {
        .either(
            .reference(to: .checkpoint), { TeacherPart(model: $0) }, or: WeightedTeacher.self, \.part,
            canonical: { .map(["model": .input($0.model), "weight": .number($0.weight)]) })
    }
}

private struct WeightedTeacher: RecipeSection {
    let part: TeacherPart

    init(_ section: Section) {
        part = TeacherPart(
            model: section.value(
                "model", .reference(to: .checkpoint), "The teacher, in a mapping with further keys."),
            weight: section.value(
                "weight", .number(TeacherMixture.weightLimits), default: 1,
                "Its weight in the mixture, relative to the other teachers'."))
    }
}

/// How the distributions of several teachers are mixed.
struct TeacherMixSettings: Sendable, RecipeSection {
    let space: TeacherMixture.Space
    let weighting: TeacherMixture.Weighting

    init(_ section: Section) {
        space = section.value(
            "space", .choice, default: .probabilities,
            "What is averaged: probabilities (a token is likely if any teacher finds it so) or logits (if no teacher finds it unlikely)."
        )
        weighting = section.value(
            "weighting", .choice, default: .fixed,
            "Weights at a position: as given (fixed), or higher for a teacher that is confident (confidence) or right (accuracy)."
        )
    }
}
