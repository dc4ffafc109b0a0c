import Foundation
import Support
import Testing

@testable import Recipes

@Suite struct PromptsStageTests {
    let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        try workspace.write("data/table.csv", "topic,who\nbread,a child\ntides,a king\n")
    }

    private func problems(_ stage: String) throws -> [String] {
        try workspace.problems(
            """
            name: sample
            teacher: data/teacher
            stages:
              - prompts: \(stage)

            """)
    }

    @Test(arguments: [
        "{grid: {templates: 'What is {a}?', slots: {a: [x, y]}}}",
        "{grid: {templates: ['What is {a}?', 'Why {a}?'], system: 'You are {b}.', slots: {a: [x], b: {y: 2, z: 0.5}}, count: 4}}",
        "{table: {file: data/table.csv, template: 'Explain {topic} to {who}.'}}",
        "{self_instruct: {seeds: data/prompts.jsonl, count: 5}}", "{evolve: {prompts: data/prompts.jsonl}}",
    ])
    func soundStagesAreAccepted(stage: String) throws {
        #expect(try problems(stage) == [])
    }

    @Test(arguments: [
        ("{}", "nothing says where the prompts come from"),
        (
            "{grid: {templates: x}, evolve: {prompts: data/prompts.jsonl}}",
            "prompts come from one of grid and evolve"
        ),
        ("{grid: {templates: 'What is {a}?'}}", "has a slot without values: a"),
        ("{grid: {templates: 'What is {a?', slots: {a: [x]}}}", "has a brace without its counterpart"),
        ("{grid: {templates: x, slots: {a: [y]}}}", "no template has the slot a"),
        ("{grid: {templates: '{a}', slots: {a: [x, x]}}}", "the value \"x\" is given twice"),
        ("{grid: {templates: '{a}', slots: {a: {x: 0}}}}", "0 is out of range"),
        ("{grid: {templates: '{a}', slots: {a: [x, y]}, count: 3}}", "the grid has 2 combinations"),
        ("{grid: {templates: '{a}', slots: {a: [x]}}, model: teacher}", "means something only"),
        ("{questions: {documents: data/table.csv}}", "a document of kind .csv"),
        (
            "{evolve: {prompts: data/prompts.jsonl, operations: {x: 'Do {that}.'}}}",
            "there is no slot {that} here"
        ),
    ])
    func mistakesAreFoundAtValidation(stage: String, problem: String) throws {
        let found = try problems(stage)
        #expect(found.count == 1 && found[0].hasPrefix("4:") && found[0].contains(problem), "\(found)")
    }

    @Test func aSlotOfATableThatIsNoColumnIsNamedWithTheRow() throws {
        let plan = try workspace.plan(
            """
            name: sample
            stages:
              - prompts: {table: {file: data/table.csv, template: "{topic} {where}"}}

            """)
        let error = #expect(throws: UserError.self) {
            try RecipeRunner(toolVersion: "test", runs: workspace.url.appending(path: "runs")) { _ in }.run(
                plan)
        }
        #expect(error?.problem == "has no column \"where\", which the template names")
        #expect(error?.hint == "columns are topic, who")
    }
}
