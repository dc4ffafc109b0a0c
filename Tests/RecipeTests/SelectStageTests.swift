import Foundation
import Support
import Testing

@testable import Recipes

@Suite struct SelectStageTests {
    let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        try TinyModel.save(to: workspace.url.appending(path: "data/student"), seed: 2)
        try TinyModel.save(to: workspace.url.appending(path: "data/stranger"), words: 1)
        func line(_ number: Int, answer: String) -> String {
            #"{"messages": [{"role": "user", "content": "\#(number)"}, {"role": "assistant", "content": "\#(answer)"}], "meta": {"n": \#(number)}}"#
                + "\n"
        }
        try workspace.write("data/drafts.jsonl", (0..<20).map { line($0, answer: "once") }.joined())
        try workspace.write("data/answered.jsonl", (0..<15).map { line($0, answer: "upon") }.joined())
    }

    private func select(_ keys: String) throws -> (lines: [String], result: StageResult) {
        let plan = try workspace.plan(
            "name: sample\nstages:\n  - select: {corpus: data/drafts.jsonl, loss_on: assistant, \(keys)}\n")
        let runs = workspace.url.appending(path: "runs")
        _ = try RecipeRunner(toolVersion: "test", runs: runs) { _ in }.run(plan)
        let lines = try workspace.read("runs/sample/selected.jsonl").split(separator: "\n").map(String.init)
        let record = try StageRecord(
            contentsOf: runs.appending(path: "sample/stages/\(plan.stages[0].directoryName)/stage.json"))
        return (lines, record.result)
    }

    private static let methods = [
        "method: random", "method: disagreement, model: data/teacher, student: data/student",
        "method: entropy, student: data/student", "method: margin, student: data/student",
    ]

    /// A record keeps its line, with its provenance; a prompt that has another answer in an excluded corpus is not chosen again.
    @Test(arguments: methods)
    func answeredPromptsAreNotChosenAgain(method: String) throws {
        let drafts = try workspace.read("data/drafts.jsonl").split(separator: "\n").map(String.init)
        let (all, _) = try select("fraction: 1, \(method)")
        #expect(all == drafts)
        let (rest, _) = try select("fraction: 1, exclude: data/answered.jsonl, \(method)")
        #expect(rest == Array(drafts[15...]))
    }

    /// What the teacher reads to choose is counted: a method that asks the student alone costs it nothing.
    @Test func tokensThatTheModelReadsAreCounted() throws {
        let exclude = "fraction: 0.1, exclude: data/answered.jsonl"
        let read = try Self.methods.map { try select("\(exclude), \($0)").result.metrics["model_tokens"] }
        let whole = try select("fraction: 1, \(Self.methods[1])").result.metrics
        #expect(whole["model_tokens"] == whole["tokens"])
        // All drafts have about the same number of tokens.
        let quarter = try #require(whole["model_tokens"]) / 4
        #expect(read[0] == nil && read[2] == nil && read[3] == nil)
        #expect(abs(try #require(read[1]) - quarter) < 0.1 * quarter)
    }

    @Test func nothingIsLeft() throws {
        #expect {
            try select("fraction: 1, exclude: data/drafts.jsonl, method: random")
        } throws: {
            "\($0)".contains("every prompt is in the corpora that are excluded")
        }
    }

    @Test func aStrangersTokenizerIsRefused() throws {
        let problems = try workspace.problems(
            "name: sample\nstages:\n  - select: {corpus: data/drafts.jsonl, fraction: 1, method: disagreement, "
                + "model: data/teacher, student: data/stranger}\n")
        #expect(problems.count == 1 && problems[0].contains("data/stranger has another tokenizer"))
    }
}
