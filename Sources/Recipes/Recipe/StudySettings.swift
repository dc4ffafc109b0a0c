import RecipeSchema
import Reports

/// A variant of a study: the recipe with some changes.
struct VariantSettings: Sendable, RecipeSection {
    let name: String
    let overrides: [YAMLValue.Entry]
    let location: SourceLocation

    init(_ section: Section) {
        name = section.value("name", .name(reserved: ["stages"]), "The variant's name in tables and paths.")
        overrides = section.value(
            "set", .overrides, default: [], defaultText: "no change",
            "New values under dotted paths, such as stages.train.tokens; null removes a key.")
        location = section.location(of: "name")
    }
}

extension KeyType<[YAMLValue.Entry]> {
    /// Paths and values, kept as they are: they are checked where they end up.
    fileprivate static var overrides: Self {
        KeyType(
            summary: "mapping of a path to a value", placeholder: { [] },
            decode: { yaml, context in
                guard let entries = yaml.entries else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location,
                        hint: "expected: mapping of a path to a value")
                    return nil
                }
                return (entries, .null)
            }, canonical: { _ in .null })
    }
}

/// The key `verdict`: what a study's closing sentence compares.
struct VerdictSettings: Sendable, RecipeSection {
    let verdict: Verdict
    let metricLocation, baselineLocation: SourceLocation

    init(_ section: Section) {
        let metric = section.value(
            "metric", .text, default: "kl",
            "kl, perplexity, loss, agreement, ece, repetition, or the label of a task or of a metric of the report."
        )
        let baseline = section.optional(
            "baseline", .text, defaultText: "the first", "The variant the others are compared with.")
        verdict = Verdict(metric: metric, baseline: baseline)
        metricLocation = section.location(of: "metric")
        baselineLocation = section.location(of: "baseline")
    }
}
