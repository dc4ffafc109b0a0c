import RecipeSchema
import Reports
import Support
import Tensors
import Tokenization

/// A recipe as its file means it: validated, with every default filled in.
public struct Recipe: Sendable {
    /// The name of the run directory.
    public let name: String
    /// One line for the report.
    public let description: String?
    /// All randomness derives from it.
    public let seed: UInt64
    /// The teacher of the stages that name no other.
    public let teacher: Reference?
    /// The model that is trained by the stages that name no other.
    package let student: ModelSettings?
    /// Seeds that training, and what follows it, is repeated with; empty outside studies.
    public let seeds: [UInt64]
    /// What a study's closing sentence compares.
    public var verdict: Verdict? { verdictSettings?.verdict }
    let verdictSettings: VerdictSettings?
    let placedStages: [PlacedStage]
    let variants: [VariantSettings]

    package var stages: [any Stage] { placedStages.map(\.stage) }

    /// The number of stages, those included that a pruned student adds.
    public var stageCount: Int { placedStages.count }

    /// - Parameter registry: the kinds of stages that the recipe may have
    init(_ section: Section, stages registry: StageRegistry) {
        let context = section.context
        name = section.value("name", .name(), example: "my-student", "The name of the run directory.")
        description = section.optional("description", .text, "A one-line description, shown in the report.")
        seed = section.value(
            "seed", .seed, default: RandomStream.standardSeed, example: "17",
            "The seed of all random streams. Results with the same seed are bit-identical."
        )
        context.endpoints = section.endpoints()
        teacher = section.optional(
            "teacher", .reference(to: .checkpoint, allowsEndpoints: true), example: "data/teacher",
            "The teacher: a Hugging Face directory, a GGUF file, a name on the Hugging Face hub, or the name of an endpoint."
        )
        // A value with mistakes is replaced by a placeholder, so that they are not reported again where it is read.
        if let teacher, case .endpoint = teacher.target {
            context.teacherEndpoint = teacher
        } else {
            context.teacher = teacher ?? (section.has("teacher") ? .placeholder : nil)
        }
        context.tokenizer = section.optional(
            "tokenizer", .reference(to: .tokenizer, .checkpoint), defaultText: "the teacher's",
            "The student's tokenizer, or a model that has one.")
        context.chats.template = section.optional(
            "chat_template", .chatTemplate, defaultText: "the model's own",
            "The chat template, for models without one, such as base models."
        )
        context.chats.variables = section.value(
            "template_variables", .templateVariables, default: TemplateVariables(),
            "Variables of the models' own chat templates, such as {enable_thinking: false}.")
        if !context.chats.variables.isEmpty, let known = teacher?.checkpoint(context)?.template,
            !(context.chats.template ?? known).takesVariables
        {
            section.problem(
                at: "template_variables", "the chat template takes no variables",
                hint: "only a model's own template has them")
        }
        let given = section.optional(
            "student", .model, example: KeyDeclaration.nestedExample,
            "The model that is trained, unless a stage says otherwise.")
        let pruning = given.flatMap { PruneStage.stages(for: $0, context) }
        student = pruning?.student ?? given
        context.student =
            student ?? (section.has("student") ? KeyType<ModelSettings>.model.placeholder() : nil)
        placedStages =
            (pruning?.stages ?? [])
            + section.value("stages", .list(of: .stage(of: registry)), "What is done, in order.")
        variants = section.value(
            "variants", .list(of: .section(VariantSettings.self), atLeast: 0), default: [],
            "A study: the recipe is run once for each variant. Stages that are alike run once.")
        seeds = section.value(
            "seeds", .list(of: .seed, atLeast: 0), default: [],
            "A study: training, and what follows it, is repeated with each seed.")
        verdictSettings = section.optional(
            "verdict", .section(VerdictSettings.self), "A study: the comparison that concludes the report.")
        RecipeFacts(stages: placedStages, context: context).check()
        checkStudy(section)
    }

    private func checkStudy(_ section: Section) {
        var names: Set<String> = []
        for variant in variants where !variant.name.isEmpty && !names.insert(variant.name).inserted {
            section.context.problems.add(
                "a variant before is named \"\(variant.name)\" too", at: variant.location,
                hint: "choose another name")
        }
        if let settings = verdictSettings, let baseline = settings.verdict.baseline, !names.contains(baseline)
        {
            section.context.problems.add(
                "no variant is named \"\(baseline)\"", at: settings.baselineLocation,
                hint: suggestion(for: baseline, among: variants.map(\.name)))
        }
        var listed: Set<UInt64> = []
        for seed in seeds where !listed.insert(seed).inserted {
            section.problem(at: "seeds", "the seed \(seed) is listed twice")
        }
    }
}

extension Recipe {
    /// What its stages measure, under the keys that a verdict may name.
    var measurementNames: [String] { ["parameters", "bytes"] + stages.flatMap(\.measurementNames) }
}
