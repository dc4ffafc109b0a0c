import Foundation
import Support
import TestSupport
import Testing

@Suite struct PromptsRecipeTests {
    private func withRecipe(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            func write(_ name: String, _ text: String) throws {
                try Data(text.utf8).write(to: directory.appending(path: name))
            }
            try write("table.csv", "name,place\n\"Aunt Rebi\",Wrenfold\n\"Uncle \"\"Miti\"\"\",Kefeden\n")
            try write(
                "recipe.yaml",
                """
                name: prompts
                teacher: \(packageRoot.path)/data/teacher
                stages:
                  - prompts:
                      grid:
                        templates: ["Where does {who} live?", "Tell me, what does {who} like?"]
                        slots: {who: {Aunt Rebi: 3, Uncle Miti: 1, Aunt Tobir: 1}}
                        count: 5
                      to: grid
                  - prompts: {table: {file: table.csv, template: "Does {name} live in {place}?"}, to: table}
                  - prompts: {evolve: {prompts: grid}, max_new_tokens: 60, to: evolved}
                  - generate: {prompts: [grid, evolved], max_new_tokens: 20, sampling: {temperature: 0}}

                """)
            try body(directory)
        }
    }

    private func records(_ name: String, in directory: URL) throws -> [OrderedJSON] {
        let url = directory.appending(path: "runs/prompts/\(name).jsonl")
        return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map {
            try OrderedJSON(Data($0.utf8), name: name)
        }
    }

    private func question(_ record: OrderedJSON) -> String {
        guard case .array(let messages)? = record["messages"],
            case .string(let text)? = messages[0]["content"]
        else { return "" }
        return text
    }

    @Test func promptsAreMadeEvolvedAndAnswered() throws {
        try withRecipe { directory in
            let run = try CommandRun.distill("run", "recipe.yaml", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let grid = try records("grid", in: directory)
            #expect(grid.count == 5 && Set(grid.map(question)).count == 5)
            let table = try records("table", in: directory).map(question)
            #expect(table == ["Does Aunt Rebi live in Wrenfold?", "Does Uncle \"Miti\" live in Kefeden?"])
            // The prompts of the grid come first, then what the teacher wrote to them; its answers are no parents' copies.
            let evolved = try records("evolved", in: directory)
            #expect(Array(evolved.prefix(5)) == grid)
            #expect(evolved.count > 5)
            let ids = grid.map { $0["meta"]?["id"] }
            for record in evolved.dropFirst(5) {
                guard case .array(let parents)? = record["meta"]?["parents"] else {
                    throw CancellationError()
                }
                #expect(parents.count == 1 && ids.contains(parents[0]))
                #expect(record["meta"]?["operation"] != nil)
                let parent = grid[ids.firstIndex(of: parents[0])!]
                #expect(record["meta"]?["origin"] == parent["meta"]?["origin"])
            }
            #expect(try records("corpus", in: directory).count == grid.count + evolved.count)
            // Nothing has changed: nothing is done again.
            let again = try CommandRun.distill("run", "recipe.yaml", in: directory)
            #expect(again.standardOutput.contains("0 stages done, 4 reused"), "\(again.standardOutput)")
            // Another table is another input.
            try Data("name,place\nA,B\n".utf8).write(to: directory.appending(path: "table.csv"))
            _ = try CommandRun.distill("run", "recipe.yaml", in: directory)
            #expect(try records("table", in: directory).map(question) == ["Does A live in B?"])
        }
    }

    /// The teacher writes questions by itself, answers them, goes on as the user, and answers again; a second run gives the same bytes.
    @Test func aTeacherWritesChatsOfTwoTurnsAlone() throws {
        try withTemporaryDirectory { directory in
            try Data(
                """
                name: prompts
                teacher: \(packageRoot.path)/data/teacher
                stages:
                  - prompts: {magpie: {count: 3, requests: 40}, max_new_tokens: 40, to: first}
                  - generate: {prompts: first, max_new_tokens: 40, to: answered}
                  - prompts: {continue: {chats: answered, by: template}, max_new_tokens: 40, to: second}
                  - generate: {prompts: second, max_new_tokens: 40, to: corpus}

                """.utf8
            ).write(to: directory.appending(path: "recipe.yaml"))
            let run = try CommandRun.distill("run", "recipe.yaml", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let first = try records("first", in: directory)
            // The teacher has not learnt to write turns of the user: about one in eight ends.
            #expect(first.count == 3 && Set(first.map(question)).count == 3)
            let corpus = try records("corpus", in: directory)
            #expect(!corpus.isEmpty)
            let origins = first.map { $0["meta"]?["origin"] }
            for record in corpus {
                guard case .array(let messages)? = record["messages"] else { throw CancellationError() }
                #expect(
                    messages.map { $0["role"] }
                        == ["user", "assistant", "user", "assistant"].map { .string($0) })
                #expect(origins.contains(record["meta"]?["source"]?["origin"]))
                #expect(record["meta"]?["source"]?["kind"] == .string("continue"))
            }
            let again = try CommandRun.distill("run", "recipe.yaml", "--runs", "other", in: directory)
            #expect(again.status == 0, "\(again.standardError)")
            for name in ["first", "answered", "second", "corpus"] {
                #expect(
                    FileManager.default.contentsEqual(
                        atPath: directory.appending(path: "runs/prompts/\(name).jsonl").path,
                        andPath: directory.appending(path: "other/prompts/\(name).jsonl").path))
            }
        }
    }

    @Test func answersWithoutAPromptEndInOneMessage() throws {
        try withRecipe { directory in
            try Data(
                """
                name: none
                teacher: \(packageRoot.path)/data/teacher
                stages:
                  - prompts: {evolve: {prompts: p.jsonl}, max_new_tokens: 1}

                """.utf8
            ).write(to: directory.appending(path: "recipe.yaml"))
            try Data(#"{"prompt": "Where does Aunt Rebi live?"}"#.utf8).write(
                to: directory.appending(path: "p.jsonl"))
            let run = try CommandRun.distill("run", "recipe.yaml", in: directory)
            #expect(run.status == 65, "\(run.standardError)")
            #expect(
                run.standardError.contains("no prompt was found in the 1 answers of "),
                "\(run.standardError)")
        }
    }
}
