import Foundation
import TestSupport
import Testing

/// Faults found, line 24: what every command understands, and what each that prints results does besides.
@Suite struct EveryCommandTests {
    /// Every command, by the help of the command itself: one that is added is tested too.
    static let all: [[String]] = {
        func subcommands(of path: [String]) -> [[String]] {
            let help =
                (try? CommandRun.run(CommandRun.distill, arguments: path + ["--help"]))?.standardOutput ?? ""
            guard let list = help.range(of: "SUBCOMMANDS:\n") else { return [path] }
            return help[list.upperBound...].split(separator: "\n", omittingEmptySubsequences: false)
                .prefix { $0.hasPrefix("  ") }.filter { !$0.hasPrefix("   ") }
                .compactMap { $0.split(separator: " ").first.map(String.init) }
                .flatMap { subcommands(of: path + [$0]) }
        }
        return subcommands(of: [])
    }()

    @Test func allAreFound() {
        #expect(Self.all.count >= 20, "\(Self.all)")
        #expect(Self.all.contains(["evaluate", "perplexity"]) && Self.all.contains(["convert"]))
    }

    @Test(arguments: all) func helpNamesWhatEveryCommandUnderstands(command: [String]) throws {
        let help = try CommandRun.run(CommandRun.distill, arguments: command + ["--help"])
        #expect(help.status == 0 && help.standardError.isEmpty)
        #expect(help.standardOutput.contains("-q, --quiet"))
        #expect(help.standardOutput.contains("--threads <number>"))
        #expect(help.standardOutput.lowercased().contains("example"))
        #expect(help.standardOutput.contains("distill \(command.joined(separator: " "))"))
    }

    @Test(arguments: all) func unknownFlagsAndImpossibleThreadsAreUsageErrors(command: [String]) throws {
        for flag in [["--no-such-flag"], ["--threads", "0"], ["--threads", "many"]] {
            let run = try CommandRun.run(CommandRun.distill, arguments: command + flag)
            #expect(run.status == 64 && run.standardOutput.isEmpty, "\(flag): \(run.status)")
        }
    }

    /// Commands that print metrics or write files print a JSON object; the others print lines of text.
    @Test func commandsWithResultsPrintJSON() throws {
        let withJSON = try Self.all.filter { command in
            try CommandRun.run(CommandRun.distill, arguments: command + ["--help"]).standardOutput
                .contains("--json")
        }
        let expected = [
            "run", "validate", "init", "pull", "generate", "label", "merge", "convert", "tokenizer train",
            "tokenizer trim",
            "tokenizer count", "tokenizer inspect", "inspect", "evaluate perplexity",
            "evaluate agreement",
            "evaluate task", "bench", "prune", "filter", "weak-labels", "doctor",
        ]
        #expect(Set(expected).isSubset(of: withJSON.map { $0.joined(separator: " ") }))
    }

    @Test func quietCommandsSayNothingButResults() throws {
        try withSmallModel { directory in
            try Data("Who sings?\nWho keeps a goat?\n".utf8).write(to: directory.appending(path: "asked.txt"))
            let arguments = ["--prompts", "asked.txt", "--max-new-tokens", "4", "--threads", "1"]
            let loud = try CommandRun.run(
                CommandRun.distill, arguments: ["generate", "model", "--output", "a.jsonl"] + arguments,
                in: directory)
            #expect(
                loud.standardError.contains("[00:0") && loud.standardError.contains("generate: 2 answers"))
            let quiet = try CommandRun.run(
                CommandRun.distill,
                arguments: ["generate", "model", "--output", "b.jsonl", "-q"] + arguments,
                in: directory)
            #expect(quiet.status == 0 && quiet.standardError.isEmpty, "\(quiet.standardError)")
            #expect(quiet.standardOutput.hasPrefix("b.jsonl: 2 answers"))
            let failing = try CommandRun.distill("inspect", "missing", "--quiet", in: directory)
            #expect(failing.status == 66 && failing.standardError.contains("missing"))
        }
    }

    @Test func threadsAreSet() throws {
        let facts =
            try CommandRun.distill("doctor", "--json", "--threads", "1").json()["facts"] as? [String: String]
        #expect(facts?["threads"] == "1")
    }

    /// One spelling of keys, in what commands print and what runs leave behind.
    @Test func keysOfJSONAreInSnakeCase() throws {
        try withSmallModel { directory in
            try Data("Wess keeps a goat.\n\nPell lives by the river.\n".utf8)
                .write(to: directory.appending(path: "text.txt"))
            let recipe = """
                name: r
                teacher: ./model
                stages:
                  - evaluate: {models: [teacher], perplexity: text.txt}
                  - report: {title: R}
                """
            try Data(recipe.utf8).write(to: directory.appending(path: "r.yaml"))
            let plan = try CommandRun.distill("run", "r.yaml", "--dry-run", "--json", in: directory)
            let estimates = try #require(try plan.json()["stages"] as? [[String: Any]])
            #expect(estimates.count == 1)
            for key in ["stage", "cache_key", "seconds", "memory_bytes", "disk_bytes"] {
                #expect(estimates[0][key] != nil, "no \(key)")
            }
            #expect(try plan.json()["total"] is [String: Any])
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "runs").path))

            let texts = [
                plan, try CommandRun.distill("run", "r.yaml", "--json", in: directory),
                try CommandRun.distill(
                    "evaluate", "perplexity", "model", "--data", "text.txt", "--json", in: directory),
                try CommandRun.distill("tokenizer", "inspect", "model", "--json", in: directory),
                try CommandRun.distill("inspect", "model", "--json", in: directory),
            ].map(\.standardOutput)
            let folder = directory.appending(path: "runs/r")
            let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(".json") }.map {
                    try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
                }
            #expect(files.count >= 3)
            for text in texts + files {
                for key in text.matches(of: /"([A-Za-z0-9_]+)" ?:/).map(\.1) where key != key.lowercased() {
                    Issue.record("the key \(key) is not in snake_case")
                }
            }
            #expect((texts + files).contains { $0.contains("\"standard_error\"") })
        }
    }

    @Test func inspectFollowsSymbolicLinks() throws {
        try withSmallModel { directory in
            let manager = FileManager.default
            try manager.createSymbolicLink(
                atPath: directory.appending(path: "link").path, withDestinationPath: "model")
            // As in the cache of the Hugging Face hub: a directory of links to files.
            try manager.createDirectory(
                at: directory.appending(path: "hub"), withIntermediateDirectories: true)
            for name in try manager.contentsOfDirectory(atPath: directory.appending(path: "model").path) {
                try manager.createSymbolicLink(
                    atPath: directory.appending(path: "hub/\(name)").path,
                    withDestinationPath: "../model/\(name)")
            }
            let bytes = try ["model", "link", "hub"].map {
                try CommandRun.distill("inspect", $0, "--json", in: directory).json().number("bytes")
            }
            #expect(bytes[0] > 0 && bytes[1] == bytes[0] && bytes[2] == bytes[0], "\(bytes)")
        }
    }
}

/// Faults found, line 24: `-` is standard input and standard output wherever records, prompts or text are read or written.
@Suite struct StandardStreamTests {
    @Test func textIsReadFromStandardInput() throws {
        try withSmallModel { directory in
            let text = "Wess keeps a goat.\nPell lives by the river.\n"
            try Data(text.utf8).write(to: directory.appending(path: "text.txt"))
            for command in [
                [
                    "evaluate", "perplexity", "model", "--json", "--context", "16", "--loss-on", "all",
                    "--data",
                ],
                ["tokenizer", "count", "model", "--json", "--data"],
            ] {
                let file = try CommandRun.run(
                    CommandRun.distill, arguments: command + ["text.txt"], in: directory)
                let stream = try CommandRun.run(
                    CommandRun.distill, arguments: command + ["-"], in: directory, input: text)
                #expect(file.status == 0 && stream.status == 0, "\(stream.standardError)")
                #expect(file.standardOutput == stream.standardOutput)
            }
            let bad = try CommandRun.distill(
                "tokenizer", "count", "model", "--data", "-", in: directory,
                input: "{\"text\": 3}\n")
            #expect(bad.status == 65 && bad.standardError.hasPrefix("distill: standard input:1: "))
        }
    }

    @Test func answersToStandardInputGoToStandardOutput() throws {
        try withSmallModel { directory in
            let prompts = "{\"prompt\": \"Who sings?\"}\n{\"prompt\": \"Where?\"}\n"
            try Data(prompts.utf8).write(to: directory.appending(path: "asked.jsonl"))
            let options = ["--max-new-tokens", "5", "--seed", "3", "--samples", "2"]
            let file = try CommandRun.run(
                CommandRun.distill,
                arguments: ["generate", "model", "--prompts", "asked.jsonl", "-o", "out.jsonl"] + options,
                in: directory)
            #expect(file.status == 0, "\(file.standardError)")
            let stream = try CommandRun.run(
                CommandRun.distill, arguments: ["generate", "model", "--prompts", "-", "-o", "-"] + options,
                in: directory, input: prompts)
            #expect(stream.status == 0, "\(stream.standardError)")
            let written = try String(contentsOf: directory.appending(path: "out.jsonl"), encoding: .utf8)
            #expect(stream.standardOutput == written)
            #expect(!FileManager.default.fileExists(atPath: directory.appending(path: "-").path))
        }
    }

    @Test func aVocabularyIsTrainedInAPipe() throws {
        try withTemporaryDirectory { directory in
            let run = try CommandRun.run(
                URL(filePath: "/bin/sh"),
                arguments: [
                    "-c",
                    "'\(CommandRun.distill.path)' tokenizer train - -o - --vocabulary-size 300 > t.model",
                ], in: directory, input: "one two three\nfour five six\n")
            #expect(run.status == 0 && run.standardError.contains("pieces"), "\(run.standardError)")
            let inspected = try CommandRun.distill(
                "tokenizer", "inspect", "t.model", in: directory)
            #expect(inspected.status == 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["t.model"])
        }
    }

    @Test(arguments: [
        "convert model -", "prune model - --layers 1 --corpus t.txt", "label model --corpus t --output -",
    ])
    func whatIsNoStreamIsRefused(line: String) throws {
        let run = try CommandRun.run(
            CommandRun.distill, arguments: line.split(separator: " ").map(String.init))
        #expect(run.status == 64 && run.standardError.contains("standard output"), "\(run.standardError)")
    }
}
