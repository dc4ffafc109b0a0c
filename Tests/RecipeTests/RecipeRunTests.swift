import Foundation
import TestSupport
import Testing

@testable import Recipes

/// Recipes of this repository carried out whole, with budgets of a few steps: every stage runs, every model is measured.
@Suite(.serialized) struct RecipeRunTests {
    /// Smaller everywhere; an override of a stage that a recipe lacks would be refused.
    private static let recipes: [(name: String, overrides: [String])] = [
        ("synthetic-corpus", ["stages.prompts.grid.count=60", "stages.answers.samples=1"]),
        (
            "divergences",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["warm", "student"])
        ),
        (
            "features",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"] + tinySteps(["student"])
                + [
                    "stages.label.corpus=data/world/heldout-text.jsonl", "stages.label.context=128",
                    "stages.train.corpus=data/world/heldout-text.jsonl",
                ]
        ),
        (
            "born-again",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["generation-0", "generation-1", "generation-2", "student"])
        ),
        (
            "selection", ["stages.held-out.limit=2"] + selection + tinySteps(["student"])
        ),
        (
            "selection-methods", selection + tinySteps(["small", "student"])
        ),
        (
            "selection-budgets", ["stages.held-out.limit=2"] + selection + tinySteps(["student"])
        ),
        (
            "active-learning",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"]
                + (1...4).flatMap { round in
                    [
                        "stages.answers-\(round).token_budget=20", "stages.round-\(round).fraction=0.01",
                    ]
                }
                + (2...4).flatMap { round in
                    ["stages.drafts-\(round).limit=40", "stages.drafts-\(round).max_new_tokens=4"]
                }
                + tinySteps((1...4).map { "student-\($0)" }, context: 256)
        ),
        (
            "dataset-distillation",
            ["stages.evaluate.limit=2", "stages.held-out.limit=2", "seeds=[1]", "stages.signals.context=128"]
                + [
                    "stages.distilled-signals.context=128", "stages.distilled.context=128",
                    "stages.generated.limit=2", "stages.generated-signals.context=128",
                ]
                + ["signals", "selected", "distilled"].map {
                    "stages.\($0).corpus=data/world/heldout-text.jsonl"
                }
                + tinySteps(["reader", "student"])
        ),
        (
            "context-distillation",
            [
                "stages.label.context=128", "stages.answers.limit=4", "stages.answers.samples=1",
                "stages.anchor.limit=4",
                "stages.evaluate.limit=2",
            ]
                + tinySteps(["student"])
        ),
        (
            "studies/signals",
            ["stages.evaluate.limit=2", "seeds=[1]"] + tinySteps(["warm", "student"])
                + ["stages.label.corpus=data/world/heldout-text.jsonl", "stages.label.context=128"]
                + ["warm", "student"].map { "stages.\($0).corpus=data/world/heldout-text.jsonl" }
        ),
        (
            "context-instructions",
            ["stages.label.context=192", "stages.answers.limit=4", "stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["follower", "student"], context: 192)
        ),
        (
            "exits", ["stages.evaluate.limit=2", "seeds=[1]"] + tinySteps(["student"])
        ),
        (
            "mutual",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"] + tinySteps(["student"])
        ),
        (
            "online-teacher",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["large", "student"])
        ),
        (
            "quantization",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["warm", "student"])
        ),
        (
            "pruning-rounds",
            [
                "stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]", "stages.label.context=128",
                "variants.0.set={stages.student.model: {from: pruned-once}}",
                "variants.2.set={stages.student.model: {layers: 1, width: 16, heads: 2, feed_forward: 16}}",
            ]
                + [
                    "label", "pruned-once", "pruned-1", "pruned-2", "pruned-3", "round-1", "round-2",
                    "student",
                ].map {
                    "stages.\($0).corpus=data/world/heldout-text.jsonl"
                } + tinySteps(["round-1", "round-2", "student"])
        ),
        (
            "teachers",
            [
                "stages.evaluate.limit=2", "seeds=[1]", "stages.chat-signals.context=128",
                "stages.story-signals.context=128",
            ]
                + ["talker", "narrator"].map {
                    "stages.\($0).model={layers: 1, width: 16, heads: 2, feed_forward: 16}"
                } + tinySteps(["talker", "narrator", "student"])
        ),
        (
            "on-policy",
            ["stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["warm", "student"], context: 192)
        ),
        (
            "logits-kd",
            [
                "stages.answers.limit=4", "stages.answers.samples=1", "stages.evaluate.limit=2", "seeds=[1]",
                "stages.label.context=128",
            ]
                + ["label", "train"].map { "stages.\($0).corpus=answers" } + tinySteps(["student"])
        ),
        (
            "logits-kd-online",
            [
                "stages.answers.limit=4", "stages.answers.samples=1", "stages.evaluate.limit=2", "seeds=[1]",
                "stages.train.corpus=answers",
            ] + tinySteps(["student"])
        ),
        (
            "sequence-kd",
            ["stages.answers.limit=4", "stages.held-out.limit=2", "stages.evaluate.limit=2", "seeds=[1]"]
                + tinySteps(["student"])
        ),
        (
            "baselines",
            [
                "stages.answers.limit=4", "stages.label.context=128", "stages.evaluate.limit=2", "seeds=[1]",
                "stages.label.corpus=data/world/heldout-text.jsonl",
                "stages.train.corpus=data/world/heldout-text.jsonl",
            ] + tinySteps(["student"])
        ),
        (
            "quickstart",
            [
                "stages.corpus.limit=4", "stages.label.context=128", "stages.held-out.limit=2",
                "stages.evaluate.limit=2",
            ]
                + tinySteps(["student"])
        ),
    ]

    /// Of the others one reads data made by another program, six a teacher that is not in the repository: `.ci/run` carries out
    /// two of these, at a small budget.
    @Test func noRecipeIsLeftOut() {
        let names = Set(
            RecipeFolderTests.recipes.map { String($0.dropFirst("recipes/".count).dropLast(".yaml".count)) })
        #expect(
            names.subtracting(Self.recipes.map(\.name)) == [
                "api-teacher", "documents-to-chat", "filtered-corpus", "gemma-chat", "pretrain-teacher",
                "qwen-coder", "smollm-chat",
            ])
    }

    /// Of recipes that choose a part of a corpus.
    private static let selection =
        ["stages.evaluate.limit=2", "seeds=[1]", "stages.label.context=128"]
        + ["label", "selected"].map { "stages.\($0).corpus=data/world/heldout-text.jsonl" }

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
                toolVersion: "test", runs: directory, progress: { _ in })
            let outcome = try runner.run(plan)
            #expect(outcome.performed == plan.stages.count)
            let report = try String(
                contentsOf: directory.appending(path: "\(plan.name)/report.md"), encoding: .utf8)
            let trainsModel = plan.stages.contains { type(of: $0.stage).trainsModel }
            #expect(report.contains(trainsModel ? "student" : "dataset"))
        }
    }
}
