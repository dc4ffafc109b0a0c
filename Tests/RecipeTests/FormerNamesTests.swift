import RecipeSchema
import Testing

@testable import Recipes

/// A recipe written for an earlier version is refused with the new names.
@Suite struct FormerNamesTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    @Test(arguments: [
        (
            "  - cut: {layers: 1, corpus: data/text.jsonl}",
            "5:5: unknown stage \"cut\"; did you mean \"prune\"?"
        ),
        (
            "  - learn: {corpus: data/text.jsonl, fraction: 0.1}",
            "5:5: unknown stage \"learn\"; did you mean \"distill_dataset\"?"
        ),
        (
            "  - distill_dataset: {corpus: data/text.jsonl, fraction: 0.1, share: 0.1}",
            "5:63: unknown key \"share\"; did you mean \"fraction\"?"
        ),
        (
            "  - select: {corpus: data/text.jsonl, method: random, fraction: 0.1, share: 0.1, small: teacher}",
            "5:70: unknown key \"share\"; did you mean \"fraction\"?"
        ),
        (
            "  - select: {corpus: data/text.jsonl, method: random, fraction: 0.1, small: teacher}",
            "5:70: unknown key \"small\"; did you mean \"small_model\"?"
        ),
        ("  - report: {figures: {}}", "5:14: unknown key \"figures\"; did you mean \"metrics\"?"),
    ])
    func oldNamesAreRefusedWithTheNewOnes(stage: String, problem: String) throws {
        let text = """
            name: sample
            teacher: data/teacher
            student: {layers: 2, width: 16, heads: 2, feed_forward: 32}
            stages:
            \(stage)

            """
        #expect(try workspace.problems(text).first == problem)
    }

    @Test(arguments: [
        (
            "stages.train.on_policy={prompts: data/prompts.jsonl, fraction: 0.5, teacher_share: 0.2}",
            "unknown key \"teacher_share\"; did you mean \"teacher_fraction\"?"
        ),
        ("stages.train.learned=sequences", "unknown key \"learned\"; did you mean \"synthetic\"?"),
    ])
    func oldNamesInOverridesAreRefusedToo(override: String, problem: String) throws {
        let problems = try workspace.problems(sampleRecipe, set: [override])
        #expect(problems.contains { $0.hasSuffix(problem) }, "\(problems)")
    }

    /// A path of `--set` that names an old stage finds the new one.
    @Test func oldStagesInPaths() throws {
        let text = sampleRecipe.replacing(
            "  - label:", with: "  - prune: {layers: 1, corpus: corpus}\n  - label:")
        #expect(
            try workspace.problems(text, set: ["stages.cut.layers=2"]) == [
                "--set stages.cut.layers=2: the recipe has no stage \"cut\"; did you mean \"prune\"?"
            ])
    }

    /// A name that was renamed is not also a name of today.
    @Test func noFormerNameIsInUse() {
        func keys(_ declarations: [KeyDeclaration]) -> [String] {
            declarations.flatMap { [$0.key] + keys($0.nested) }
        }
        let stages = StageRegistry.standard
        let names = Set(
            stages.names + stages.kinds.flatMap { keys($0.declarations) } + keys(KeyReference.top()))
        for former in ["cut", "learn", "share", "teacher_share", "learned", "small", "figures"] {
            #expect(!names.contains(former))
            #expect(RecipeContext.formerNames.successor(of: former, among: names) != nil)
        }
    }
}
