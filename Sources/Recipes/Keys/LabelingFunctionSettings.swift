import Corpora
import Foundation
import RecipeSchema
import Support

/// One labelling function: a filter, a key with a vote, or a key with a score.
struct LabelingFunctionSettings: Sendable, RecipeSection {
    /// A label that the function names, and where.
    struct LabelUse: Sendable {
        let name: String
        let location: SourceLocation
    }

    let name: String
    let location: SourceLocation
    private let filter: FilterSettings?
    private let vote: String?
    private let score: String?
    private let label, otherwise: String?
    private let values: [(name: String, value: String)]
    private let abstain: [String]
    private let bounds: ClosedRange<Double>
    /// The labels that it names.
    let labelUses: [LabelUse]

    /// The keys that decide a vote.
    private static let ways = ["filter", "vote", "score"]
    private static let scoreLimits = NumberLimits(-1e12...1e12)

    init(_ section: Section) {
        name = section.value("name", .text, example: "refuses", "The function's name in reports.")
        location = section.location(of: "name")
        filter = section.optional(
            "filter", .filterRule,
            "A filter, as in the stage filter: label is the vote on records that it would remove, otherwise on those it would keep."
        )
        vote = section.optional("vote", .text, example: "meta.vote", "A key of the record that holds a vote.")
        score = section.optional(
            "score", .text, example: "meta.judge.score",
            "A key of the record that holds a number, such as the score of a judge: label is the vote on numbers from at_least to at_most."
        )
        let given = Self.ways.filter { section.has($0) }
        let isVote = KeyCondition(holds: given != ["filter"] && given != ["score"], text: "with vote")
        let isRule = KeyCondition(holds: given != ["vote"], text: "with filter or score")
        let isScore = KeyCondition(holds: given != ["vote"] && given != ["filter"], text: "with score")
        label = section.optional("label", .text, only: isRule, "The label that it votes for.")
        otherwise = section.optional(
            "otherwise", .text, defaultText: "abstain", only: isRule, "The label of the other records.")
        values = section.value(
            "values", .named(.text), default: [], defaultText: "the labels", only: isVote,
            "The label of each value of the key, beside the labels themselves.")
        abstain = section.value(
            "abstain", .oneOrMore(.text), default: [], defaultText: "none", only: isVote,
            "Values of the key that are no vote.")
        let least = section.optional(
            "at_least", .number(Self.scoreLimits), only: isScore, "The lowest number with the vote label.")
        let most = section.optional(
            "at_most", .number(Self.scoreLimits), only: isScore, "The highest number with the vote label.")
        bounds = (least ?? -.infinity)...max(most ?? .infinity, least ?? -.infinity)
        let named =
            [("label", label), ("otherwise", otherwise)] + values.map { ("values", Optional($0.value)) }
        labelUses = named.compactMap { key, name in
            name.map { LabelUse(name: $0, location: section.location(of: key)) }
        }
        check(section, given, least: least, most: most)
    }

    private func check(_ section: Section, _ given: [String], least: Double?, most: Double?) {
        section.requireOne(
            of: Self.ways, missing: "nothing says how the function votes",
            several: "a function votes by one of")
        guard given.count == 1, section.sound("label", "otherwise", "at_least", "at_most"), given != ["vote"]
        else { return }
        if label == nil, otherwise == nil {
            section.context.problems.add(
                "the function votes for no label", at: section.location, hint: "give label, otherwise or both"
            )
        }
        guard given == ["score"] else { return }
        if least == nil, most == nil {
            section.context.problems.add(
                "a score without bounds", at: section.location, hint: "give at_least, at_most or both")
        } else if let least, let most, least > most {
            section.problem(at: "at_most", "at_most \(most) is below at_least \(least)")
        }
    }

    /// The files that a filter compares records with.
    var references: [Reference] { filter?.references ?? [] }
    /// Memory that a filter takes for each record.
    var bytesPerRecord: Double { filter?.kind.bytesPerRecord ?? 0 }

    /// The function.
    ///
    /// - Parameters:
    ///   - labels: all labels, in their order
    ///   - url: where the content of a reference is
    /// - Throws: `FilterOptionFault`, which reading the section has reported
    func function(labels: [String], _ url: (Reference) -> URL) throws -> LabelingFunction {
        func index(_ name: String?) -> Int? { name.flatMap(labels.firstIndex(of:)) }
        if let filter {
            return LabelingFunction(
                name, .filter(try filter.rule(at: url), removed: index(label), kept: index(otherwise)))
        }
        if let score {
            return LabelingFunction(
                name, .score(key: score, bounds: bounds, inside: index(label), outside: index(otherwise)))
        }
        var known: [String: Int?] = [:]
        for (index, label) in labels.enumerated() { known[label] = .some(index) }
        for value in abstain { known[value] = .some(nil) }
        for (value, label) in values { known[value] = .some(index(label)) }
        return LabelingFunction(name, .vote(key: vote ?? "", values: known))
    }
}

extension KeyType<FilterSettings> {
    /// A filter without a model or tokenizer. Its keys are documented with the stage `filter`.
    static var filterRule: Self {
        let filter = Self.filter
        return Self(
            summary: filter.summary, placeholder: filter.placeholder,
            decode: { yaml, context in
                let decoded = filter.decode(yaml, context)
                if let model = decoded?.value.models.first {
                    context.problems.add(
                        "a filter with a \(model.option) is no rule", at: yaml.location,
                        hint: "give one without; the stage filter takes all")
                }
                return decoded
            }, canonical: filter.canonical)
    }
}
