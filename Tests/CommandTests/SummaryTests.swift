import Foundation
import TestSupport
import Testing

/// `--json` of the commands that write files: a summary object on standard output.
@Suite struct SummaryTests {
    @Test func commandsThatWriteFilesSummarizeThemAsJSON() throws {
        try withTemporaryDirectory { directory in
            _ = try TinyTeacher(in: directory)
            func object(_ line: String) throws -> [String: Any] {
                try CommandRun.run(
                    CommandRun.distill, arguments: line.split(separator: " ").map(String.init), in: directory
                ).json()
            }
            let generated = try object(
                "generate teacher --prompts prompts.jsonl --limit 3 --max-new-tokens 4 -o corpus.jsonl --json"
            )
            #expect(try generated.number("records") == 3 && generated.number("reused") == 0)
            #expect(try generated.number("tokens") >= 1 && generated.number("skipped_prompts") == 0)
            #expect(generated["path"] as? String == "corpus.jsonl")

            let labelled = try object("label teacher --corpus corpus.jsonl --output signals --json")
            let inspected = try object("inspect signals --json")
            #expect(labelled["path"] as? String == "signals")
            #expect(NSDictionary(dictionary: labelled.filter { $0.key != "path" }).isEqual(to: inspected))

            let converted = try object("convert teacher teacher.gguf --type q8_0 --json")
            #expect(converted["type"] as? String == "q8_0")
            let size = try FileManager.default.attributesOfItem(
                atPath: directory.appending(path: "teacher.gguf").path)[.size]
            #expect(try converted.number("weight_bytes") == (size as? NSNumber)?.doubleValue)

            let text = (0..<200).map { "{\"text\": \"lamp \($0) of the hall \($0 % 9)\"}" }
            try Data(text.joined(separator: "\n").utf8).write(to: directory.appending(path: "text.jsonl"))
            let trained = try object(
                "tokenizer train text.jsonl -o t.model --vocabulary-size 300 --kind bpe --json")
            #expect(try trained["kind"] as? String == "bpe" && trained.number("vocabulary_size") == 300)
            let trimmed = try object("tokenizer trim t.model text.jsonl -o u.model --size 290 --json")
            let usage = try #require(trimmed["usage"] as? [String: Any])
            #expect(try trimmed.number("vocabulary_size") == 290 && usage.number("tokens") > 0)

            let initialized = try object("init my.yaml --teacher teacher --data text.jsonl --json")
            #expect(initialized["path"] as? String == "my.yaml")
            let valid = try #require(
                try object("validate my.yaml --json")["recipes"] as? [[String: Any]])
            #expect(
                try valid.count == 1 && valid[0]["valid"] as? Bool == true && valid[0].number("stages") > 1)
        }
    }

    @Test func invalidRecipesAreSummarizedWithTheirProblems() throws {
        try withTemporaryDirectory { directory in
            try Data("name: bad\nstages:\n  - dance: {}\n".utf8).write(
                to: directory.appending(path: "bad.yaml"))
            let run = try CommandRun.distill("validate", "bad.yaml", "--json", in: directory)
            #expect(run.status != 0 && run.standardError.contains("bad.yaml:3"))
            let object = try JSONSerialization.jsonObject(with: Data(run.standardOutput.utf8))
            let recipes = try #require((object as? [String: Any])?["recipes"] as? [[String: Any]])
            let problems = try #require(recipes[0]["problems"] as? [String])
            #expect(recipes[0]["valid"] as? Bool == false)
            #expect(problems.contains { $0.contains("bad.yaml:3") && $0.contains("dance") }, "\(problems)")
        }
    }

    @Test(arguments: [
        "generate model --prompts p.jsonl --output - --json", "tokenizer train a.txt --output - --json",
        "tokenizer trim t.model a.txt --size 300 --output - --json",
    ])
    func aSummaryDoesNotMixWithAnOutput(line: String) throws {
        let run = try CommandRun.run(
            CommandRun.distill, arguments: line.split(separator: " ").map(String.init))
        #expect(run.status == 64 && run.standardError.contains("both print to standard output"))
    }
}
