import Foundation
import Support
import Testing

@testable import Recipes

@Suite struct PromptsStageTests {
    let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        try workspace.write(
            "data/chats.jsonl", #"{"prompt": "once", "completion": "upon a time"}"# + "\n")
        try workspace.write("data/table.csv", "topic,who\nbread,a child\ntides,a king\n")
    }

    private func problems(_ stage: String) throws -> [String] {
        try workspace.problems(
            """
            name: sample
            teacher: data/teacher
            stages:
              - prompts: \(stage)
            endpoints:
              chat: {url: "http://127.0.0.1:9/v1", model: m}
              texts: {url: "http://127.0.0.1:9/v1", model: m, route: completions}

            """)
    }

    @Test(arguments: [
        "{grid: {templates: 'What is {a}?', slots: {a: [x, y]}}}",
        "{grid: {templates: ['What is {a}?', 'Why {a}?'], system: 'You are {b}.', slots: {a: [x], b: {y: 2, z: 0.5}}, count: 4}}",
        "{table: {file: data/table.csv, template: 'Explain {topic} to {who}.'}}",
        "{self_instruct: {seeds: data/prompts.jsonl, count: 5}}", "{evolve: {prompts: data/prompts.jsonl}}",
        "{magpie: {count: 5}}", "{magpie: {count: 5, system: Be brief., stop: [x]}}",
        "{continue: {chats: data/chats.jsonl}}", "{continue: {chats: data/chats.jsonl, by: template}}",
        "{continue: {chats: data/chats.jsonl}, model: chat}",
        "{magpie: {count: 5, opening: <u>}, model: texts}",
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
        (
            "{magpie: {count: 5}, model: chat}",
            "an endpoint with route: chat writes the assistant's turns alone"
        ),
        ("{magpie: {count: 5}, model: texts}", "the chat template of a model behind an API is not at hand"),
        ("{magpie: {count: 5, opening: <u>}}", "opening is for an endpoint"),
        (
            "{magpie: {count: 5, opening: <u>, system: Be brief.}, model: texts}",
            "the opening is the whole text"
        ),
        ("{continue: {chats: data/chats.jsonl, by: template}, model: chat}", "is not at hand"),
        ("{continue: {chats: data/chats.jsonl}, model: texts}", "continue asks in chats"),
        ("{evolve: {prompts: data/prompts.jsonl}, model: texts}", "evolve asks in chats"),
        (
            "{continue: {chats: data/chats.jsonl, by: template, instruction: '{chat}'}}",
            "means something only"
        ),
        ("{continue: {chats: data/prompts.jsonl}}", "is not a chat that can be continued"),
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
