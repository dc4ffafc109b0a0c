import Support
import Tensors

/// A recipe as its file means it: validated, with every default filled in.
public struct Recipe: Sendable, RecipeSection {
    /// Names the run directory.
    public let name: String
    public let description: String?
    public let seed: UInt64
    public let teacher: Reference?
    public let student: ModelSettings?
    /// Seeds that training, and what follows it, is repeated with; empty outside studies.
    public let seeds: [UInt64]
    public let verdict: VerdictSettings?
    let placedStages: [PlacedStage]
    let variants: [VariantSettings]

    public var stages: [Stage] { placedStages.map(\.stage) }

    init(_ section: Section) {
        let decoding = section.decoding
        name = section.value("name", .name(), example: "my-student", "Names the run directory.")
        description = section.optional("description", .text, "One line about the recipe, for its report.")
        seed = section.value(
            "seed", .seed, default: RandomStream.standardSeed, example: "17",
            "All randomness derives from it: same seed, same bytes."
        )
        teacher = section.optional(
            "teacher", .reference(to: .checkpoint), example: "data/teacher",
            "The model that teaches: a Hugging Face directory.")
        // A value with mistakes stands in as a placeholder: what reads it has no mistake of its own.
        decoding.teacher = teacher ?? (section.has("teacher") ? .placeholder : nil)
        decoding.tokenizer = section.optional(
            "tokenizer", .reference(to: .tokenizer, .checkpoint), defaultText: "the teacher's",
            "The student's tokenizer, or a model that has one.")
        decoding.chatTemplate = section.optional(
            "chat_template", .chatTemplate, defaultText: "the model's own",
            "How chats are written: for models without a template, such as base models, or with one that is not known."
        )
        let given = section.optional(
            "student", .model, example: KeyDeclaration.nestedExample,
            "The model that is trained, unless a stage says otherwise.")
        let cutting = given.flatMap { PruneStage.stages(for: $0, decoding) }
        student = cutting?.student ?? given
        decoding.student =
            student ?? (section.has("student") ? KeyType<ModelSettings>.model.placeholder() : nil)
        decoding.seed = seed
        placedStages =
            (cutting?.stages ?? []) + section.value("stages", .list(of: .stage), "What is done, in order.")
        variants = section.value(
            "variants", .list(of: .section(VariantSettings.self), atLeast: 0), default: [],
            "A study: the recipe is run once for each variant. Stages that are alike run once.")
        seeds = section.value(
            "seeds", .list(of: .seed, atLeast: 0), default: [],
            "A study: training, and what follows it, is repeated with each seed.")
        verdict = section.optional(
            "verdict", .section(VerdictSettings.self), "A study: what the closing sentence compares.")
        StageChecks(stages: placedStages, decoding: decoding).run()
        checkStudy(section)
    }

    private func checkStudy(_ section: Section) {
        var names: Set<String> = []
        for variant in variants where !variant.name.isEmpty && !names.insert(variant.name).inserted {
            section.decoding.problems.add(
                "a variant before is named \"\(variant.name)\" too", at: variant.place,
                hint: "choose another name")
        }
        if let baseline = verdict?.baseline, !names.contains(baseline), let place = verdict?.baselinePlace {
            section.decoding.problems.add(
                "no variant is named \"\(baseline)\"", at: place,
                hint: suggestion(for: baseline, among: variants.map(\.name)))
        }
        var listed: Set<UInt64> = []
        for seed in seeds where !listed.insert(seed).inserted {
            section.problem(at: "seeds", "the seed \(seed) is listed twice")
        }
    }
}

/// A change of the recipe, run beside the others.
struct VariantSettings: Sendable, RecipeSection {
    let name: String
    let overrides: [YAMLValue.Entry]
    let place: SourceLocation

    init(_ section: Section) {
        name = section.value("name", .name(reserved: ["stages"]), "The variant's name in tables and paths.")
        overrides = section.value(
            "set", .overrides, default: [], defaultText: "no change",
            "New values under dotted paths, such as stages.train.tokens; null takes a key away.")
        place = section.place(of: "name")
    }
}

extension KeyType where Value == [YAMLValue.Entry] {
    /// Paths and values, kept as they are: they are checked where they end up.
    fileprivate static var overrides: KeyType {
        KeyType(
            summary: "mapping of a path to a value", placeholder: { [] },
            decode: { yaml, decoding in
                guard let entries = yaml.entries else {
                    decoding.problems.add(
                        "found \(yaml.kindName)", at: yaml.place,
                        hint: "expected: mapping of a path to a value")
                    return nil
                }
                return (entries, .null)
            }, setting: { _ in .null })
    }
}

extension Recipe {
    /// What its evaluations measure, under the keys that a verdict may name.
    var metrics: [String] {
        var keys = ["parameters", "bytes"]
        for stage in stages {
            switch stage {
            case .evaluate(let evaluate):
                if !evaluate.perplexity.isEmpty { keys += ["perplexity", "loss"] }
                if !evaluate.agreement.isEmpty { keys += ["kl", "agreement", "ece"] }
                keys += evaluate.tasks.map(\.name)
                if evaluate.showsRepetition, !evaluate.tasks.isEmpty {
                    keys += ["repetition", "answer_length"]
                }
                if evaluate.measuresSpeed { keys.append("tokens_per_second") }
            case .report(let report): keys += report.figures.map(\.name)
            default: break
            }
        }
        return keys
    }
}

/// What a study's closing sentence compares.
public struct VerdictSettings: Sendable, RecipeSection {
    /// `kl`, `perplexity`, `loss`, `agreement`, `ece`, or the label of a task or figure.
    public let metric: String
    /// The variant the others are compared with; `nil` is the first.
    public let baseline: String?
    let metricPlace, baselinePlace: SourceLocation

    init(_ section: Section) {
        metric = section.value(
            "metric", .text, default: "kl",
            "kl, perplexity, loss, agreement, ece, repetition, or the label of a task or of a figure of the report."
        )
        baseline = section.optional(
            "baseline", .text, defaultText: "the first", "The variant the others are compared with.")
        metricPlace = section.place(of: "metric")
        baselinePlace = section.place(of: "baseline")
    }
}
