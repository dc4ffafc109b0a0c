import Foundation
import TestSupport
import Testing

@Suite struct FilterCommandTests {
    private static let raw = """
        {"prompt": "Who sings?", "completion": "Mira sings at the well.", "meta": {"finish_reason": "stop"}}
        {"prompt": "Who sings?", "completion": "Mira  sings at the well", "meta": {"finish_reason": "stop"}}
        {"prompt": "Who keeps a goat?", "completion": "", "meta": {"finish_reason": "length"}}

        """

    private func withRaw(_ body: (URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            try Data(Self.raw.utf8).write(to: directory.appending(path: "raw.jsonl"))
            try body(directory)
        }
    }

    @Test func recordsAreFilteredAndExplained() throws {
        try withRaw { directory in
            let run = try CommandRun.distill(
                "filter", "raw.jsonl", "--filter", "kind: length, min: 5", "--filter", "exact_duplicates",
                "-o",
                "clean.jsonl", "--removed", "removed.jsonl", "--report", "report.json", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            #expect(
                run.standardOutput.contains(
                    "length: raw.jsonl:3: an answer of 0 characters, at least 5 wanted"))
            #expect(run.standardOutput.contains("clean.jsonl: 1 of 3 records kept"))
            func read(_ name: String) throws -> String {
                try String(contentsOf: directory.appending(path: name), encoding: .utf8)
            }
            #expect(try read("clean.jsonl") == Self.raw.split(separator: "\n")[0] + "\n")
            #expect(try read("removed.jsonl").split(separator: "\n").count == 2)
            #expect(try read("report.json").contains("the same text as raw.jsonl:1"))
        }
    }

    /// A record's perplexity is what `distill evaluate perplexity` says of it alone; what models measured is kept no longer than needed.
    @Test func perplexitiesAreThoseOfAnEvaluation() throws {
        try withRaw { directory in
            let teacher = packageRoot.appending(path: "data/teacher").path
            let run = try CommandRun.distill(
                "filter", "raw.jsonl", "--filter", "kind: perplexity, model: \(teacher), max_perplexity: 1",
                "-o", "clean.jsonl", "--removed", "removed.jsonl", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let removed = try String(contentsOf: directory.appending(path: "removed.jsonl"), encoding: .utf8)
                .split(separator: "\n")
            for (index, line) in Self.raw.split(separator: "\n").enumerated() where index < 2 {
                try Data((line + "\n").utf8).write(to: directory.appending(path: "one.jsonl"))
                let json = try CommandRun.distill(
                    "evaluate", "perplexity", teacher, "--data", "one.jsonl", "--json", in: directory
                ).json()
                let models = try #require(json["models"] as? [[String: Any]])
                let perplexity = try #require(models[0]["perplexity"] as? Double)
                let text = String(format: "perplexity %.4g of an answer, at most 1 wanted", perplexity)
                #expect(removed[index].contains(text), "\(removed[index])")
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == [
                    "clean.jsonl", "one.jsonl", "raw.jsonl", "removed.jsonl",
                ])
        }
    }

    @Test func theSummaryIsJSON() throws {
        try withRaw { directory in
            let run = try CommandRun.distill(
                "filter", "raw.jsonl", "--filter", "finish_reason", "-o", "clean.jsonl", "--json",
                in: directory)
            let json = try run.json()
            #expect(json["removed"] as? Int == 1)
            let filters = try #require(json["filters"] as? [[String: Any]])
            #expect(filters[0]["kind"] as? String == "finish_reason")
            #expect(filters[0]["examined"] as? Int == 3)
        }
    }

    @Test func standardStreamsAreReadAndWritten() throws {
        try withRaw { directory in
            let run = try CommandRun.distill(
                "filter", "-", "--filter", "length", "--output", "-", "-q", in: directory, input: Self.raw)
            #expect(run.status == 0 && run.standardError.isEmpty, "\(run.standardError)")
            #expect(
                run.standardOutput == Self.raw.split(separator: "\n").prefix(2).map { $0 + "\n" }.joined())
        }
    }

    @Test(arguments: [
        (["raw.jsonl", "-o", "out.jsonl"], 64, "give --filters or --filter"),
        (
            ["raw.jsonl", "--filter", "length", "-o", "raw.jsonl"], 73,
            "is read by this command and would be replaced"
        ),
        (["raw.jsonl", "--filter", "length", "-o", "a", "--removed", "./a"], 64, "name the same file"),
        (["raw.jsonl", "--filter", "length", "-o", "a.jsonl.gz"], 64, "without .gz"),
        (["none.jsonl", "--filter", "length", "-o", "out.jsonl"], 66, "none.jsonl"),
        (
            ["raw.jsonl", "--filter", "kind: length, least: 3", "-o", "out.jsonl"], 78,
            "unknown key \"least\""
        ),
        (
            ["raw.jsonl", "--filter", "kind: exact_duplicates, against: raw.jsonl", "-o", "out.jsonl"], 78,
            "compared with itself"
        ),
        (["raw.jsonl", "--filters", "none.yaml", "-o", "out.jsonl"], 66, "none.yaml"),
    ])
    func mistakesAreExplainedAndLeaveNothing(_ arguments: [String], _ status: Int, _ message: String) throws {
        try withRaw { directory in
            let run = try CommandRun.run(CommandRun.distill, arguments: ["filter"] + arguments, in: directory)
            #expect(run.status == status, "\(run.status) \(run.standardError)")
            #expect(run.standardError.contains(message), "\(run.standardError)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["raw.jsonl"])
        }
    }
}
