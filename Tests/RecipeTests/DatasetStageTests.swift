import Foundation
import Support
import Testing

@testable import Recipes

@Suite struct DatasetStageTests {
    let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        let lines = (0..<60).map {
            #"{"messages": [{"role": "user", "content": "question \#($0 % 30)"}, {"role": "assistant", "content": "answer \#($0 % 45)"}], "meta": {"model": "m"}}"#
        }
        try workspace.write("data/chats.jsonl", lines.joined(separator: "\n") + "\n")
    }

    private func recipe(_ stages: String) -> String {
        "name: sample\nstages:\n" + stages.split(separator: "\n").map { "  - \($0)\n" }.joined()
    }

    @Test func aCorpusIsFilteredDividedAndWrittenWithACard() throws {
        let plan = try workspace.plan(
            recipe(
                """
                filter: {corpus: data/chats.jsonl, filters: [exact_duplicates], to: clean}
                split: {corpus: clean, validation: 0.2, test: 0.2}
                dataset: {splits: {train: train, validation: validation, test: test}, filter_report: clean-report, title: "A | B", license: apache-2.0, languages: [en]}
                """))
        let runs = workspace.url.appending(path: "runs")
        _ = try RecipeRunner(toolVersion: "test", runs: runs) { _ in }.run(plan)
        let card = try workspace.read("runs/sample/dataset/README.md")
        for expected in [
            "---\npretty_name: \"A | B\"\nlicense: \"apache-2.0\"\nlanguage: [\"en\"]\n",
            "  - split: validation\n    path: validation.jsonl\n",
            "size_categories: [n<1K]", "# A \\| B", "| exact\\_duplicates |", "| model | m |",
        ] {
            #expect(card.contains(expected), "\(expected) in:\n\(card)")
        }
        let parts = try ["train", "validation", "test"].map {
            try workspace.read("runs/sample/dataset/\($0).jsonl").split(separator: "\n").map(String.init)
        }
        // Answers to a question are in one part.
        let questions = parts.map {
            Set($0.map { $0.components(separatedBy: "question ")[1].prefix { $0 != "\"" } })
        }
        #expect(questions[0].isDisjoint(with: questions[1]) && questions[0].isDisjoint(with: questions[2]))
        #expect(questions.reduce(0) { $0 + $1.count } == 30)
    }

    @Test(arguments: [
        ("split: {corpus: data/chats.jsonl, validation: 0.6, test: 0.4}", "nothing is left for training"),
        ("split: {corpus: data/chats.jsonl, to: a, test_to: a}", "an earlier stage already makes \"a\""),
        ("dataset: {splits: {}}", "there is no split"),
        ("dataset: {splits: {a-b: data/chats.jsonl}}", "cannot be the name of a split"),
        (
            "dataset: {splits: {a: data/chats.jsonl}, filter_report: data/chats.jsonl}",
            "is not the report of a filter"
        ),
    ])
    func mistakesAreFoundAtValidation(stage: String, problem: String) throws {
        let found = try workspace.problems(recipe(stage))
        #expect(found.count == 1 && found[0].contains(problem), "\(found)")
    }

    @Test func theReportOfAnotherStageIsRefused() throws {
        let found = try workspace.problems(
            recipe(
                """
                dataset: {splits: {a: data/chats.jsonl}, to: one}
                dataset: {splits: {a: data/chats.jsonl}, filter_report: one, to: two}
                """))
        #expect(found.count == 1 && found[0].contains("\"one\" is the result of dataset"), "\(found)")
    }
}
