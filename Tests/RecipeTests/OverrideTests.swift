import Foundation
import Testing

@testable import Recipes

@Suite struct OverrideTests {
    let workspace: Workspace

    init() throws { workspace = try Workspace() }

    @Test(arguments: [
        "stages.train.tokens=5_000", "stages.2.tokens=5_000", "stages.2.train.tokens=5_000",
    ])
    func reachesStagesByKindAndIndex(override: String) throws {
        #expect(try workspace.recipe(sampleRecipe, set: [override]).recipe.train.duration == .tokens(5000))
    }

    @Test func reachesStagesByWhatTheyMake() throws {
        let recipe = try workspace.recipe(sampleRecipe, set: ["stages.corpus.samples=7"]).recipe
        let generate = try #require(recipe.stages[0] as? GenerateStage)
        #expect(generate.samples == 7)
    }

    @Test func valuesAreYAML() throws {
        let recipe = try workspace.recipe(
            sampleRecipe,
            set: [
                "stages.train.losses=[{kind: cross_entropy}]", "stages.train.signals=null",
                "student.width=32",
                "stages.train.batch.sequences=8",
            ]
        ).recipe
        #expect(recipe.train.losses.map(\.kind) == [.crossEntropy])
        #expect(recipe.train.signals.isEmpty)
        #expect(recipe.train.batch.sequences == 8)
    }

    @Test func listsAreIndexed() throws {
        let recipe = try workspace.recipe(sampleRecipe, set: ["stages.train.losses.1.weight=0.5"]).recipe
        #expect(recipe.train.losses.map(\.weight.start) == [0.3, 0.5])
    }

    @Test(arguments: [
        ("studnet.width=64", "--set studnet.width=64: unknown key \"studnet\"; did you mean \"student\"?"),
        ("student.widht=64", "--set student.widht=64: unknown key \"widht\"; did you mean \"width\"?"),
        ("student.width=wide", "--set student.width=wide: found \"wide\"; expected: integer, 2 to 65536"),
        (
            "stages.trian.tokens=5",
            "--set stages.trian.tokens=5: the recipe has no stage \"trian\"; did you mean \"train\"?"
        ),
        (
            "stages.learn.fraction=0.1",
            "--set stages.learn.fraction=0.1: the recipe has no stage \"learn\"; accepted: generate, label, train, "
                + "evaluate, report"
        ),
        ("stages.9.tokens=5", "--set stages.9.tokens=5: there is no item 9; the list has 5, counted from 0"),
        ("seed.x=5", "--set seed.x=5: \"x\" is below a value that has no keys, \"17\""),
        ("seed", "--set seed: not a path and a value; such as --set student.width=64"),
        (
            "student..width=5",
            "--set student..width=5: \"student..width\" is not a path; such as student.width"
        ),
        (
            "seed=[1",
            "--set seed=[1: not valid YAML: while parsing a flow sequence did not find expected ',' or ']'"
        ),
    ])
    func mistakesNameTheOverride(override: String, problem: String) throws {
        #expect(try workspace.problems(sampleRecipe, set: [override]) == [problem])
    }

    @Test func twoStagesOfAKindNeedAnIndex() throws {
        let text = sampleRecipe.replacing(
            "  - report: {}", with: "  - evaluate: {models: [student], to: second}\n  - report: {}")
        #expect(
            try workspace.problems(text, set: ["stages.evaluate.limit=5"]) == [
                "--set stages.evaluate.limit=5: the recipe has 2 stages \"evaluate\"; name one by its index: 3 or 4"
            ])
        #expect(try workspace.problems(text, set: ["stages.second.limit=5"]) == [])
    }
}
