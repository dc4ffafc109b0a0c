import Corpora
import Foundation
import Support
import Testing

@testable import Recipes

@Suite struct WeakLabelsStageTests {
    private let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        try workspace.write(
            "data/answers.jsonl",
            """
            {"prompt": "a", "completion": "I cannot help with that.", "meta": {"vote": "no"}}
            {"prompt": "b", "completion": "The lamp stands in the hall of the house.", "meta": {"vote": "yes"}}
            {"prompt": "c", "completion": "A stone lies under the bridge by the river.", "meta": {"vote": "yes"}}
            {"prompt": "d", "completion": "No.", "meta": {"vote": "unsure"}}

            """)
    }

    private static let functions =
        "[{name: refuses, filter: refusal, label: bad}, {name: short, filter: {kind: length, min: 30}, label: bad, otherwise: good}, {name: voted, vote: meta.vote, values: {yes: good, no: bad}, abstain: unsure}]"

    private func recipe(_ functions: String = functions, labels: String = "[good, bad]", _ more: String = "")
        -> String
    {
        "name: weak\nstages:\n  - weak_labels: {corpus: data/answers.jsonl, labels: \(labels), functions: \(functions), \(more)to: labelled}\n"
    }

    @Test func aCorpusIsLabelledWithAReport() throws {
        let plan = try workspace.plan(recipe(Self.functions, "keep: {label: good}, "))
        let runner = RecipeRunner(
            toolVersion: "test", runs: workspace.url.appending(path: "runs"), progress: { _ in })
        _ = try runner.run(plan)
        let lines = try workspace.read("runs/weak/labelled.jsonl").split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.contains(#""weak_label":{"label":"good","probability":"#) })
        let report = try JSONDecoder().decode(
            WeakLabelReport.self, from: Data(workspace.read("runs/weak/labelled-report.json").utf8))
        #expect(report.functions.map(\.name) == ["refuses", "short", "voted"])
        #expect(report.functions.map(\.votes) == [1, 4, 3])
        #expect(report.labelled == 4 && report.kept == 2)
        let estimate = CostModel(gigaflops: 100).estimates(of: plan)[0]
        #expect(estimate.memoryBytes > 1e6 && estimate.diskBytes > 0 && estimate.seconds > 0)
    }

    @Test(arguments: [
        ("[{name: a, vote: a}, {name: b, vote: b}]", "2 labelling functions; at least 3 are needed"),
        ("[{name: a, vote: a}, {name: a, vote: b}, {name: c, vote: c}]", #"a second function named "a""#),
        (
            "[{name: a, filter: refusal, label: bda}, {name: b, vote: b}, {name: c, vote: c}]",
            #""bda" is not one of the labels; did you mean "bad"?"#
        ),
        ("[{name: a}, {name: b, vote: b}, {name: c, vote: c}]", "nothing says how the function votes"),
        (
            "[{name: a, vote: a, score: b}, {name: b, vote: b}, {name: c, vote: c}]",
            "a function votes by one of vote and score"
        ),
        (
            "[{name: a, filter: refusal}, {name: b, vote: b}, {name: c, vote: c}]",
            "the function votes for no label"
        ),
        (
            "[{name: a, score: s, label: bad}, {name: b, vote: b}, {name: c, vote: c}]",
            "a score without bounds"
        ),
        (
            "[{name: a, score: s, label: bad, at_least: 3, at_most: 2}, {name: b, vote: b}, {name: c, vote: c}]",
            "at_most 2.0 is below at_least 3.0"
        ),
        (
            "[{name: a, vote: a, at_least: 3}, {name: b, vote: b}, {name: c, vote: c}]",
            #"key "at_least" means something only with score"#
        ),
        (
            "[{name: a, filter: lenght, label: bad}, {name: b, vote: b}, {name: c, vote: c}]",
            #"did you mean "length"?"#
        ),
        (
            "[{name: a, vote: a, values: {x: god}}, {name: b, vote: b}, {name: c, vote: c}]",
            #"did you mean "good"?"#
        ),
    ])
    func mistakesAreFoundAtValidation(_ functions: String, _ problem: String) throws {
        let problems = try workspace.problems(recipe(functions))
        #expect(problems.count == 1 && problems[0].hasPrefix("3:"), "\(problems)")
        #expect(problems.first?.contains(problem) == true, "\(problems)")
    }

    @Test(arguments: [
        ("[good]", "", "one label; two or more are needed"),
        ("[good, bad, bad]", "", #"the label "bad" is given twice"#),
        ("[good, bad]", "class_balance: [0.5, 0.3, 0.2], ", "3 fractions for 2 labels"),
        ("[good, bad]", "class_balance: [0.5, 0.6], ", "the sum is 1.1, not 1"),
        ("[good, bad]", "keep: {label: best}, ", #""best" is not one of the labels"#),
    ])
    func labelsAreChecked(_ labels: String, _ more: String, _ problem: String) throws {
        let problems = try workspace.problems(recipe(Self.functions, labels: labels, more))
        #expect(problems.count == 1 && problems[0].contains(problem), "\(problems)")
    }

    @Test func functionsArePartOfTheCacheKey() throws {
        func key(_ functions: String, _ more: String = "") throws -> String {
            "\(try workspace.plan(recipe(functions, more)).stages[0].cacheKey)"
        }
        let own = try key(Self.functions)
        #expect(try key(Self.functions.replacing("min: 30", with: "min: 31")) != own)
        #expect(try key(Self.functions.replacing("yes: good", with: "yes: bad")) != own)
        #expect(try key(Self.functions, "keep: {}, ") != own)
    }
}
