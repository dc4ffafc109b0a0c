import Evaluation
import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@testable import Recipes

@Suite struct JudgeStageTests {
    private let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        // Its vocabulary has the markers of chats.
        try TinyModel.save(
            to: workspace.url.appending(path: "data/judge"), context: 1024,
            tokenizer: Tokenizer(contentsOf: golden("tokenization/unigram.model")))
        try workspace.write(
            "data/answers.jsonl",
            """
            {"prompt": "a", "completion": "so 4", "meta": {"answer": "so 4"}}
            {"prompt": "a", "completion": "so 5", "meta": {"answer": "so 4"}}
            {"prompt": "a", "completion": "it is 5", "meta": {"answer": "so 4"}}
            {"prompt": "b", "completion": "no", "meta": {"answer": "yes"}}

            """)
    }

    private func recipe(_ keys: String) -> String {
        "name: best\nteacher: data/judge\nstages:\n  - judge: {corpus: data/answers.jsonl, \(keys), to: best}\n"
    }

    private func run(_ keys: String) throws -> (lines: [Substring], report: JudgeReport) {
        let plan = try workspace.plan(recipe(keys))
        let runner = RecipeRunner(
            toolVersion: "test", runs: workspace.url.appending(path: "runs"), progress: { _ in })
        _ = try runner.run(plan)
        let estimate = CostModel(gigaflops: 100).estimates(of: plan)[0]
        #expect(estimate.memoryBytes > 1e6 && estimate.diskBytes > 0 && estimate.seconds > 0)
        return (
            try workspace.read("runs/best/best.jsonl").split(separator: "\n"),
            try JSONDecoder().decode(
                JudgeReport.self, from: Data(workspace.read("runs/best/best-report.json").utf8))
        )
    }

    @Test func aMajorityIsKept() throws {
        let (lines, report) = try run("majority: {extract: last_number}")
        #expect(lines.count == 1 && lines[0].contains("so 5"))
        #expect(report.method == "majority" && report.prompts == 2 && report.unjudged == 1)
    }

    @Test func answersThatPassTheRulesAreKept() throws {
        let (lines, report) = try run("checker: {filters: [reference]}")
        #expect(lines.count == 1 && lines[0].contains("so 4"))
        #expect(report.below == 3 && report.promptsWithoutAnswer == 1)
    }

    @Test func theLikeliestAnswerIsKept() throws {
        let (lines, report) = try run("likelihood: {}")
        #expect(lines.count == 2 && report.judged == 4 && report.model == "data/judge")
        #expect(
            lines.allSatisfy {
                $0.contains(#""judge":{"method":"likelihood","model":"data/judge","score":-"#)
            })
    }

    /// A model with random weights gives no score.
    @Test func answersWithoutAScoreAreKeptAsSuchWithAll() throws {
        let (lines, report) = try run("score: {max_new_tokens: 4}, keep: all")
        #expect(lines.count == 4 && report.unjudged == 4 && report.examples.count == 4)
        #expect(lines.allSatisfy { $0.contains(#""reason":"the judge gives no score: "#) })
    }

    @Test func nothingKeptIsAMistake() throws {
        let plan = try workspace.plan(recipe("pairwise: {max_new_tokens: 4}"))
        let runner = RecipeRunner(
            toolVersion: "test", runs: workspace.url.appending(path: "runs"), progress: { _ in })
        let error = try #require(throws: UserError.self) { try runner.run(plan) }
        #expect(error.problem.contains("no answer is kept: 0 of 4 answers to 2 prompts kept, 4 not judged"))
        #expect(!workspace.exists("runs/best/best.jsonl"))
    }

    @Test(arguments: [
        ("keep: best", "nothing says how the answers are judged"),
        ("majority: {}, likelihood: {}", "answers are judged by one of likelihood and majority"),
        ("majority: {extract: number}", "accepted: whole, last_line, last_number, boxed"),
        ("majority: {after: ''}", "an empty text"),
        ("checker: {filters: [refrence]}", #"did you mean "reference"?"#),
        ("score: {template: 'Rate {answer}.'}", "the template has no slot {question}"),
        ("score: {template: 'Rate {question} {reply}.'}", "there is no slot {reply} here"),
        ("pairwise: {template: '{question} {first}'}", "the template has no slot {second}"),
        ("score: {temperature: -1}", "-1 is out of range"),
        ("majority: {}, keep: some", "accepted: best, all"),
        ("likelihood: {model: none}", #"no earlier stage makes "none""#),
    ])
    func mistakesAreFoundAtValidation(_ keys: String, _ problem: String) throws {
        let problems = try workspace.problems(recipe(keys))
        #expect(problems.count == 1 && problems[0].hasPrefix("4:"), "\(problems)")
        #expect(problems.first?.contains(problem) == true, "\(problems)")
    }

    @Test func requestsToAnEndpointAreEstimated() throws {
        let endpoint =
            "endpoints: {large: {url: 'https://api.example/v1', model: l, prices: {input: 2, output: 8}}}\n"
        func estimate(_ keys: String) throws -> CostEstimate {
            CostModel(gigaflops: 10).estimates(of: try workspace.plan(endpoint + recipe(keys)))[0]
        }
        let score = try estimate("score: {model: large}")
        #expect(score.requests == 5 && score.money! > 0)
        let pairs = try estimate("pairwise: {model: large}")
        #expect(pairs.requests == 13 && pairs.money! > score.money!)
        let problems = try workspace.problems(endpoint + recipe("likelihood: {model: large}"))
        #expect(problems.count == 1 && problems[0].contains("is a model behind an API"))
    }
}
