import Checkpoints
import Corpora
import Foundation
import Support
import Testing

@testable import Recipes

@Suite struct FilterStageTests {
    private func recipe(_ filters: String, _ more: String = "") -> String {
        "name: clean\nstages:\n  - filter: {corpus: data/raw.jsonl, filters: \(filters), \(more)to: clean}\n"
    }

    private func workspace() throws -> Workspace {
        let workspace = try Workspace()
        try workspace.write(
            "data/raw.jsonl",
            """
            {"text": "the lamp in the hall is lit", "id": 1}
            {"text": "The lamp in the hall is lit!", "id": 2}
            {"id": 3, "text": "no"}
            {"text": "a stone under the bridge"}

            """)
        return workspace
    }

    @Test func aCorpusIsFilteredWithAReport() throws {
        let workspace = try workspace()
        let plan = try workspace.plan(
            recipe("[exact_duplicates, {kind: length, min: 3}]", "keep_removed: true, "))
        let runner = RecipeRunner(
            toolVersion: "test", runs: workspace.url.appending(path: "runs"), progress: { _ in })
        _ = try runner.run(plan)
        #expect(
            try workspace.read("runs/clean/clean.jsonl")
                == #"{"text": "the lamp in the hall is lit", "id": 1}"# + "\n"
                + #"{"text": "a stone under the bridge"}"# + "\n")
        let report = try JSONDecoder().decode(
            FilterReport.self, from: Data(workspace.read("runs/clean/clean-report.json").utf8))
        #expect(report.filters.map(\.kind) == ["exact_duplicates", "length"])
        #expect(report.filters.map(\.removed) == [1, 1])
        #expect(try workspace.read("runs/clean/clean-removed.jsonl").split(separator: "\n").count == 2)
        let estimate = CostModel(gigaflops: 100).estimates(of: plan)[0]
        #expect(estimate.memoryBytes > 1e6 && estimate.diskBytes > 0 && estimate.seconds > 0)
    }

    @Test func nothingKeptIsAMistakeThatNamesTheFilter() throws {
        let workspace = try workspace()
        let runner = RecipeRunner(
            toolVersion: "test", runs: workspace.url.appending(path: "runs"), progress: { _ in })
        let plan = try workspace.plan(recipe("[{kind: length, min: 1000}]"))
        let error = try #require(throws: UserError.self) { try runner.run(plan) }
        #expect(error.problem.contains("no record of 4 is kept; length removes 4"))
        #expect(!workspace.exists("runs/clean/clean.jsonl"))
    }

    @Test(arguments: [
        ("[lenght]", #"3:48: found "lenght"; did you mean "length"?"#),
        ("[{kind: length, mni: 3}]", #"3:63: unknown key "mni"; did you mean "min"?"#),
        (
            "[{kind: length, threshold: 0.5}]",
            #"key "threshold" means something only with kind: near_duplicates"#
        ),
        ("[{kind: length, min: 5, max: 4}]", "max 4 is below min 5"),
        ("[{kind: near_duplicates, threshold: 2}]", "2 is out of range"),
        ("[{kind: contamination}]", #"key "against" is missing"#),
        ("[{kind: exact_duplicates, against: none.jsonl}]", "no such file: none.jsonl"),
        ("[{kind: pattern, patterns: '(a'}]", #""(a": a "(" without its ")" (character 1)"#),
        ("[{kind: json, schema: {type: object, oneOf: []}}]", #"the keyword "oneOf" is not supported"#),
        ("[{kind: script, scripts: [latin, greeek]}]", #"did you mean "greek"?"#),
        ("[]", "the list is empty"),
        ("[{kind: perplexity, model: data/teacher}]", "nothing says what is removed"),
        ("[{kind: perplexity, max_perplexity: 3}]", #"key "model" is missing"#),
        ("[{kind: perplexity, model: data/text.jsonl, max_perplexity: 3}]", "data/text.jsonl"),
        (
            "[{kind: perplexity, model: data/teacher, max_perplexity: 3, context: 4096}]",
            "a context of 4096 tokens exceeds that of data/teacher, 2048"
        ),
        ("[{kind: similarity, model: data/teacher, layer: 3}]", "there is no layer 3: data/teacher has 2"),
        (
            "[{kind: perplexity_ratio, model: data/teacher, reference_model: data/stranger, max_ratio: 3}]",
            "data/teacher and data/stranger have different tokenizers"
        ),
        ("[{kind: length, unit: tokens}]", "there is no tokenizer to count tokens with"),
        ("[{kind: length, tokenizer: data/teacher}]", "characters are counted without a tokenizer"),
    ])
    func mistakesAreFoundAtValidation(_ filters: String, _ problem: String) throws {
        let workspace = try workspace()
        try TinyModel.save(to: workspace.url.appending(path: "data/stranger"), words: 1)
        let problems = try workspace.problems(recipe(filters))
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.contains(problem) == true, "\(problems)")
    }

    /// A recipe's teacher and its own models read records; the estimate has them.
    @Test func modelsReadRecords() throws {
        let workspace = try workspace()
        let text = recipe(
            "[{kind: length, unit: tokens, tokenizer: teacher, of: all, max: 100}, "
                + "{kind: perplexity, model: teacher, of: all, max_percentile: 75}, "
                + "{kind: similarity, model: teacher, threshold: 1, against: data/text.jsonl}]"
        ).replacing("stages:", with: "teacher: data/teacher\nstages:")
        let plan = try workspace.plan(text)
        let runner = RecipeRunner(
            toolVersion: "test", runs: workspace.url.appending(path: "runs"), progress: { _ in })
        _ = try runner.run(plan)
        let report = try FilterReport(
            contentsOf: workspace.url.appending(path: "runs/clean/clean-report.json"))
        #expect(report.filters.map(\.kind) == ["length", "perplexity", "similarity"])
        #expect(report.filters.map(\.examined) == [4, 4, 3])
        #expect(report.filters[1].removed == 1)
        let estimate = CostModel(gigaflops: 100).estimates(of: plan)[0]
        let without = CostModel(gigaflops: 100).estimates(of: try workspace.plan(recipe("[length]")))[0]
        #expect(estimate.memoryBytes > without.memoryBytes && estimate.seconds > without.seconds)
        #expect(estimate.workBytes > 0)
        // Another model is another stage.
        try TinyModel.save(to: workspace.url.appending(path: "data/teacher"), seed: 2)
        #expect(try workspace.plan(text).stages[0].cacheKey != plan.stages[0].cacheKey)
    }

    /// A schema may be pasted as JSON.
    @Test func schemasAreReadAsJSON() throws {
        let filters =
            #"[{kind: json, schema: {"type": "object", "properties": {"n": {"type": "integer", "minimum": -1.5, "enum": [1, "1", true, null]}}}}]"#
        let file = try workspace().recipe(recipe(filters))
        let stage = try #require(file.recipe.stages.first as? FilterStage)
        let filter = try stage.filters[0].filter(
            at: { URL(filePath: $0.name) }, FilterModels { try Checkpoint.load($0) })
        func judge(_ answer: String) throws -> [FilterVerdict] {
            try filter.judge([
                CandidateRecord(.text(answer), at: RecordLocation(file: "c", line: 1))
            ])
        }
        #expect(try judge(#"{"n": 1}"#) == [.keep])
        #expect(
            try judge(#"{"n": -2}"#) == [
                .remove(#"the answer does not fit the schema: n: none of 1, "1", true, null"#)
            ])
    }

    @Test func optionsArePartOfTheCacheKey() throws {
        let workspace = try workspace()
        func key(_ filters: String) throws -> String {
            "\(try workspace.plan(recipe(filters)).stages[0].cacheKey)"
        }
        #expect(try key("[{kind: length}]") == key("[length]"))
        #expect(try key("[{kind: length, min: 2}]") != key("[length]"))
        let before = try key("[{kind: exact_duplicates, against: data/text.jsonl}]")
        try workspace.write("data/text.jsonl", "{\"text\": \"other\"}\n")
        #expect(try key("[{kind: exact_duplicates, against: data/text.jsonl}]") != before)
    }

    @Test func aListForTheCommandIsAFileAndSingleFilters() throws {
        let workspace = try workspace()
        try workspace.write("filters.yaml", "- refusal\n- {kind: length, min: 2}\n")
        try workspace.write(
            "keyed.yaml", "filters:\n  - kind: exact_duplicates\n    against: data/text.jsonl\n")
        try workspace.write("wrong.yaml", "filter:\n  - refusal\n")
        func list(_ file: String?, _ arguments: [String] = []) throws -> FilterList {
            try FilterList(file: file, arguments: arguments, directory: workspace.url)
        }
        #expect(try list("keyed.yaml").referencePaths == ["data/text.jsonl"])
        _ = try list("filters.yaml", ["kind: length, max: 3", "exact_duplicates", "{kind: length}"])
        #expect(throws: (any Error).self) { try list("wrong.yaml") }
        let error = #expect(throws: (any Error).self) { try list(nil, ["kind: length, min: x"]) }
        #expect("\(error!)".contains("--filter kind: length, min: x: found \"x\""))
    }
}
