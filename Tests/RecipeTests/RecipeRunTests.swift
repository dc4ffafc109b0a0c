import Foundation
import TestSupport
import Testing

@testable import Recipes

/// Recipes of this repository carried out whole, with budgets of a few steps: every stage runs, every model is measured.
@Suite(.serialized) struct RecipeRunTests {
    /// Smaller everywhere; an override of a stage that a recipe lacks would be refused.
    private static let recipes: [(name: String, overrides: [String])] = [
        (
            "divergences",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["warm", "student"])
        ),
        (
            "features",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"] + tinySteps(["student"])
                + [
                    "stages.label.corpus=data/world/heldout-text.jsonl",
                    "stages.train.corpus=data/world/heldout-text.jsonl",
                ]
        ),
        (
            "born-again",
            ["stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["generation-0", "generation-1", "generation-2", "student"])
        ),
        (
            "selection",
            ["stages.evaluate.limit=2", "seeds=[1]", "stages.selected.corpus=data/world/heldout-text.jsonl"]
                + tinySteps(["small", "student"])
        ),
        (
            "context-distillation",
            [
                "stages.answers.limit=4", "stages.answers.samples=1", "stages.anchor.limit=4",
                "stages.evaluate.limit=2",
            ]
                + tinySteps(["student"])
        ),
        (
            "studies/signals",
            ["stages.evaluate.limit=2", "seeds=[1]"] + tinySteps(["student"])
                + ["stages.label.corpus=data/world/heldout-text.jsonl"]
                + ["stages.train.corpus=data/world/heldout-text.jsonl"]
        ),
        (
            "context-instructions",
            ["stages.answers.limit=4", "stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["follower", "student"], context: 192)
        ),
        (
            "on-policy",
            ["stages.evaluate.limit=2", "seeds=[1]"] + tinySteps(["warm", "student"], context: 192)
        ),
    ]

    private static func tinySteps(_ stages: [String], context: Int = 128) -> [String] {
        stages.flatMap {
            ["stages.\($0).tokens=256", "stages.\($0).batch={sequences: 1, context: \(context)}"]
        }
    }

    @Test(arguments: recipes.map(\.name))
    func runsAtATinyBudget(name: String) throws {
        let overrides = Self.recipes.first { $0.name == name }!.overrides
        try withTemporaryDirectory { directory in
            let file = try RecipeFile(
                contentsOf: "recipes/\(name).yaml", overrides: overrides, directory: packageRoot)
            let plan = try Plan(file)
            let runner = RecipeRunner(
                executors: StandardExecutors.all, toolVersion: "test", runs: directory, progress: { _ in })
            let outcome = try runner.run(plan)
            #expect(outcome.performed == plan.stages.count)
            let report = try String(
                contentsOf: directory.appending(path: "\(plan.name)/report.md"), encoding: .utf8)
            #expect(report.contains("student"))
        }
    }
}
