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
        func chat(_ number: Int, _ answer: String) -> String {
            #"{"messages": [{"role": "user", "content": "\#(number)"}, {"role": "assistant", "content": "\#(answer)"}], "meta": {"n": \#(number)}}"#
        }
        // Five words each, all different.
        func text(_ number: Int) -> String {
            let words = (0..<5).map { number >> $0 & 1 == 0 ? "once" : "upon" }.joined(separator: " ")
            return #"{"text": "\#(words)", "meta": {"n": \#(number)}}"#
        }
        func write(_ name: String, _ lines: [String]) throws {
            try workspace.write("data/\(name).jsonl", lines.map { $0 + "\n" }.joined())
        }
        try write("chats", (0..<20).map { chat($0, "once") })
        try write("answered", (0..<15).map { chat($0, "upon") })
        try write("texts", (0..<20).map(text))
        try write("known", (0..<15).map(text))
    }

    private func lines(_ name: String) throws -> [String] {
        try workspace.read(name).split(separator: "\n").map(String.init)
    }

    private func select(_ corpus: String, _ keys: String) throws -> (lines: [String], result: StageResult) {
        let plan = try workspace.plan(
            "name: sample\nstages:\n  - select: {corpus: data/\(corpus).jsonl, \(keys)}\n")
        let runs = workspace.url.appending(path: "runs")
        _ = try RecipeRunner(toolVersion: "test", runs: runs) { _ in }.run(plan)
        let lines = try self.lines("runs/sample/selected.jsonl")
        let record = try StageRecord(
            contentsOf: runs.appending(path: "sample/stages/\(plan.stages[0].directoryName)/stage.json"))
        return (lines, record.result)
    }

    private static let methods = [
        "method: random", "method: disagreement, model: data/teacher, student: data/student",
        "method: entropy, student: data/student", "method: margin, student: data/student",
    ]

    /// A record keeps its line, with its provenance; a prompt that has another answer in an excluded corpus is not chosen again.
    @Test func answeredPromptsAreNotChosenAgain() throws {
        let chats = try lines("data/chats.jsonl")
        #expect(try select("chats", "fraction: 1, method: random").lines == chats)
        let rest = try select("chats", "fraction: 1, exclude: data/answered.jsonl, method: random").lines
        #expect(rest == Array(chats[15...]))
    }

    @Test(arguments: methods) func everyMethodLeavesOutWhatIsExcluded(method: String) throws {
        let texts = try lines("data/texts.jsonl")
        #expect(try select("texts", "fraction: 1, \(method)").lines == texts)
        let rest = try select("texts", "fraction: 1, exclude: data/known.jsonl, \(method)").lines
        #expect(rest == Array(texts[15...]))
    }

    /// What the teacher reads to choose is counted: a method that asks the student alone costs it nothing.
    @Test func tokensThatTheModelReadsAreCounted() throws {
        let exclude = "fraction: 0.1, exclude: data/known.jsonl"
        let read = try Self.methods.map {
            try select("texts", "\(exclude), \($0)").result.metrics["model_tokens"]
        }
        let whole = try select("texts", "fraction: 1, \(Self.methods[1])").result.metrics
        #expect(whole["model_tokens"] == whole["tokens"])
        // All texts have the same number of words, and about as many tokens.
        let quarter = try #require(whole["model_tokens"]) / 4
        #expect(read[0] == nil && read[2] == nil && read[3] == nil)
        #expect(abs(try #require(read[1]) - quarter) < 0.2 * quarter)
    }

    @Test func nothingIsLeft() throws {
        try workspace.write(
            "data/all.jsonl", lines("data/chats.jsonl").reversed().joined(separator: "\n") + "\n")
        #expect {
            try select("chats", "fraction: 1, exclude: data/all.jsonl, method: random")
        } throws: {
            "\($0)".contains("every prompt is in the corpora that are excluded")
        }
    }

    @Test func aStrangersTokenizerIsRefused() throws {
        let problems = try workspace.problems(
            "name: sample\nstages:\n  - select: {corpus: data/texts.jsonl, fraction: 1, method: disagreement, "
                + "model: data/teacher, student: data/stranger}\n")
        #expect(problems.count == 1 && problems[0].contains("data/stranger has another tokenizer"))
    }
}
