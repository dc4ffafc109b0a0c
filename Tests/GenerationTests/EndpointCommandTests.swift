import Foundation
import Support
import Synchronization
import TestSupport
import Testing

@testable import Generation

/// `distill generate ADDRESS` as a process: ended in the middle and started again, and what it says and writes.
@Suite struct EndpointCommandTests {
    static let key = "sk-0123456789abcdefSECRET"

    private func arguments(_ server: ScriptedEndpoint, _ more: [String] = []) -> [String] {
        [
            "generate", server.url, "--model-name", "scripted", "--key-variable", "TEST_KEY", "--prompts",
            "prompts.txt", "--output", "out.jsonl", "--concurrency", "6", "--max-new-tokens", "20",
            "--retry-delay", "0.01",
        ] + more
    }

    private func run(_ server: ScriptedEndpoint, _ more: String..., in directory: URL) throws -> CommandRun {
        try CommandRun.run(
            CommandRun.distill, arguments: arguments(server, more), in: directory,
            environment: ["TEST_KEY": Self.key], timeout: 120)
    }

    private func writePrompts(_ count: Int, in directory: URL) throws {
        let text = (0..<count).map { "Question \($0)?" }.joined(separator: "\n")
        try Data(text.utf8).write(to: directory.appending(path: "prompts.txt"))
    }

    /// Files below a directory that hold a text.
    private func files(with text: String, in directory: URL) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: directory.path).filter {
            (try? Data(contentsOf: directory.appending(path: $0)))?.range(of: Data(text.utf8)) != nil
        }
    }

    private func lines(_ directory: URL) throws -> [String] {
        try String(contentsOf: directory.appending(path: "out.jsonl"), encoding: .utf8).split(separator: "\n")
            .map(
                String.init)
    }

    /// Starts the command, sends it a signal once so many questions were asked, and waits for its end.
    private func kill(
        _ server: ScriptedEndpoint, with signal: Int32, afterQuestions count: Int, in directory: URL,
        arguments: [String]? = nil
    ) throws -> (status: Int32, wasSignalled: Bool, error: String) {
        let process = Process()
        process.executableURL = CommandRun.distill
        process.arguments = arguments ?? self.arguments(server)
        process.currentDirectoryURL = directory
        process.environment = ProcessInfo.processInfo.environment.merging(["TEST_KEY": Self.key]) { $1 }
        let log = directory.appending(path: "stderr.log")
        FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = FileHandle.nullDevice
        try withDefaultSignals { try process.run() }
        while process.isRunning, server.questions.count < count { usleep(1000) }
        Foundation.kill(process.processIdentifier, signal)
        process.waitUntilExit()
        return (
            process.terminationStatus, process.terminationReason == .uncaughtSignal,
            try String(contentsOf: log, encoding: .utf8)
        )
    }

    @Test func aKeyIsNowhereButInTheRequests() throws {
        try withTemporaryDirectory { directory in
            try writePrompts(12, in: directory)
            let key = Self.key
            let server = try ScriptedEndpoint { request, earlier in
                guard !request.isProbe, earlier == 0 else { return nil }
                // Servers repeat keys in errors, and models in answers.
                switch request.question {
                case "Question 1?":
                    return ScriptedEndpoint.json(500, #"{"error": {"message": "key \#(key) failed"}}"#)
                case "Question 2?":
                    return ScriptedEndpoint.json(400, #"{"error": {"message": "bad \#(key)"}}"#)
                case "Question 3?":
                    return ScriptedEndpoint.json(
                        200,
                        #"{"choices": [{"message": {"content": "It is \#(key)."}, "finish_reason": "stop"}]}"#
                    )
                case "Question 4?": return HTTPResponse(200, ending: .reset)
                default: return nil
                }
            }
            let good = try run(server, in: directory)
            #expect(good.status == 0, "\(good.standardError)")
            #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer \(key)" })
            #expect(try lines(directory).count == 11)
            server.change {
                $0.script = { _, _ in
                    ScriptedEndpoint.json(401, #"{"error": {"message": "\#(key) is wrong"}}"#)
                }
            }
            let denied = try run(
                server, "--seed", "2", "--samples", "2", "--output", "other.jsonl", in: directory)
            #expect(denied.status == 77, "\(denied.standardError)")
            #expect(denied.standardError.contains("check the key in TEST_KEY"))
            let literal = try CommandRun.run(
                CommandRun.distill,
                arguments: arguments(server).map { $0 == "TEST_KEY" ? key : $0 }, in: directory)
            #expect(literal.status == 64)
            for text in [good, denied, literal].flatMap({ [$0.standardOutput, $0.standardError] }) {
                #expect(!text.contains(key), "\(text)")
            }
            #expect(try files(with: key, in: directory) == [])
            // The search finds what is there.
            #expect(try files(with: "Question 5?", in: directory).contains("out.jsonl"))
        }
    }

    @Test func aMissingKeyIsFoundBeforeTheRun() throws {
        try withTemporaryDirectory { directory in
            try writePrompts(2, in: directory)
            let server = try ScriptedEndpoint()
            let run = try CommandRun.run(CommandRun.distill, arguments: arguments(server), in: directory)
            #expect(run.status == 78 && run.standardError.contains("TEST_KEY"), "\(run.standardError)")
            #expect(server.requests.isEmpty)
        }
    }

    /// Answers in flight when the command is told to end are waited for: none is paid for twice, none is lost.
    @Test func afterATerminationNothingIsAskedTwice() throws {
        try withTemporaryDirectory { directory in
            try writePrompts(60, in: directory)
            let server = try ScriptedEndpoint()
            server.change { $0.delay = 0.03 }
            for count in [15, 35] {
                let ended = try kill(server, with: SIGTERM, afterQuestions: count, in: directory)
                #expect(ended.status == 128 + SIGTERM && !ended.wasSignalled, "\(ended)")
                #expect(ended.error.contains("run the same command to resume"), "\(ended.error)")
            }
            let last = try run(server, in: directory)
            #expect(last.status == 0, "\(last.standardError)")
            #expect(try lines(directory).count == 60)
            #expect(server.answered.count == 60 && server.answered.values.allSatisfy { $0 == 1 })
            #expect(server.questions.count == 60)
            try expectSameBytes(as: directory, asking: 60)
        }
    }

    /// After a kill at most the requests in flight are asked again, and they are counted.
    @Test func afterAKillAtMostTheRequestsInFlightAreAskedAgain() throws {
        try withTemporaryDirectory { directory in
            try writePrompts(60, in: directory)
            let server = try ScriptedEndpoint()
            server.change { $0.delay = 0.03 }
            var asked: [Int] = []
            for count in [15, 30, 45] {
                let ended = try kill(server, with: SIGKILL, afterQuestions: count, in: directory)
                #expect(ended.wasSignalled)
                asked.append(server.questions.count)
            }
            let last = try run(server, in: directory)
            #expect(last.status == 0, "\(last.standardError)")
            #expect(try lines(directory).count == 60)
            let twice = server.questions.count - 60
            #expect(twice >= 0 && twice <= 3 * 6, "\(twice)")
            #expect(Set(server.questions).count == 60)
            #expect(
                last.standardError.contains("requests were in flight when an earlier run was killed"),
                "\(last.standardError)")
            try expectSameBytes(as: directory, asking: 60)
        }
    }

    /// The same for a recipe, whose stages share the journal of their endpoint.
    @Test(arguments: [SIGTERM, SIGKILL])
    func aRecipeThatIsEndedAsksNothingTwice(signal: Int32) throws {
        try withTemporaryDirectory { directory in
            try writePrompts(40, in: directory)
            let server = try ScriptedEndpoint()
            server.change { $0.delay = 0.03 }
            let recipe = """
                name: api
                endpoints: {scripted: {url: \(server.url), model: scripted, key: TEST_KEY, concurrency: 6, retry_delay: 0.01}}
                stages:
                  - generate: {model: scripted, prompts: prompts.txt, max_new_tokens: 20, to: first}
                  - generate: {model: scripted, prompts: prompts.txt, max_new_tokens: 21, to: second}
                """
            try Data(recipe.utf8).write(to: directory.appending(path: "recipe.yaml"))
            let arguments = ["run", "recipe.yaml"]
            // In the first stage, at its end, and in the second.
            for count in [15, 39, 60] {
                let ended = try kill(
                    server, with: signal, afterQuestions: count, in: directory, arguments: arguments)
                #expect(ended.wasSignalled == (signal == SIGKILL), "\(ended)")
            }
            let last = try CommandRun.run(
                CommandRun.distill, arguments: arguments, in: directory, environment: ["TEST_KEY": Self.key],
                timeout: 120)
            #expect(last.status == 0, "\(last.standardError)")
            for name in ["first", "second"] {
                let corpus = directory.appending(path: "runs/api/\(name).jsonl")
                #expect(try String(contentsOf: corpus, encoding: .utf8).split(separator: "\n").count == 40)
            }
            let twice = server.questions.count - 80
            #expect(signal == SIGTERM ? twice == 0 : (0...3 * 6).contains(twice), "\(twice)")
            #expect(try files(with: Self.key, in: directory) == [])
        }
    }

    /// The output is that of a run which nothing disturbed.
    private func expectSameBytes(as directory: URL, asking count: Int) throws {
        try withTemporaryDirectory { other in
            try writePrompts(count, in: other)
            let server = try ScriptedEndpoint()
            #expect(try run(server, in: other).status == 0)
            let port = ":\(server.port)/"
            let whole = try lines(other).map { $0.replacing(#/:\d+\//#, with: port) }
            #expect(try lines(directory).map { $0.replacing(#/:\d+\//#, with: port) } == whole)
        }
    }

    @Test func anotherRunOverTheSameFilesIsRefused() throws {
        try withTemporaryDirectory { directory in
            try writePrompts(3, in: directory)
            let server = try ScriptedEndpoint()
            #expect(try run(server, in: directory).status == 0)
            let other = try run(server, "--temperature", "0.5", in: directory)
            #expect(
                other.status == 73 && other.standardError.contains("temperature is 0.5 here and 1.0 there"))
            let model = try run(server, "--model-name", "other", in: directory)
            #expect(
                model.status == 73
                    && model.standardError.contains("the model is other here and scripted there"))
        }
    }

    @Test func theSummaryCountsWhatWasAsked() throws {
        try withTemporaryDirectory { directory in
            try writePrompts(30, in: directory)
            let server = try ScriptedEndpoint()
            let bounded = try run(
                server, "--max-cost", "0.001", "--input-price", "10", "--output-price", "20", in: directory)
            #expect(bounded.status == 0, "\(bounded.standardError)")
            #expect(
                bounded.standardOutput.contains(
                    "ended by the budget of a cost of 0.001; a larger one continues"))
            let rest = try run(
                server, "--json", "--input-price", "10", "--output-price", "20", "--quiet", in: directory)
            let summary = try OrderedJSON(Data(rest.standardOutput.utf8), name: "summary")
            #expect(summary["records"] == .integer(30) && summary["ended_by_budget"] == .boolean(false))
            #expect(summary["requests"]?["failed"] == .integer(0))
            #expect(server.questions.count == 30)
        }
    }

    /// While a server is silent, the command sleeps. URLSession has the system report without end that more could be sent.
    @Test func waitingForAServerTakesNoProcessorTime() throws {
        try withTemporaryDirectory { directory in
            try writePrompts(1, in: directory)
            let server = try ScriptedEndpoint()
            let silence = 3.0
            server.change { $0.delay = silence }
            let command = ([CommandRun.distill.path] + arguments(server)).joined(separator: " ")
            // `times` of the shell: its own processor time, then that of the commands it ran.
            let run = try CommandRun.run(
                URL(filePath: "/bin/sh"), arguments: ["-c", "\(command) 2>/dev/null >/dev/null && times"],
                in: directory, environment: ["TEST_KEY": Self.key])
            let spent = run.standardOutput.matches(of: /(\d+)m([\d.]+)s/).map {
                60 * Double($0.1)! + Double($0.2)!
            }
            #expect(run.status == 0 && spent.count == 4, "\(run.standardError)")
            // Two silences, that of the first request included; what the command does else takes a tenth of a second.
            #expect(spent.suffix(2).reduce(0, +) < silence, "\(spent)")
        }
    }

    /// What is needed is said before the first request.
    @Test func asManyRequestsAsThereAreFilesForAreAccepted() throws {
        try withTemporaryDirectory { directory in
            try writePrompts(2, in: directory)
            let server = try ScriptedEndpoint()
            let command = ([CommandRun.distill.path] + arguments(server, ["--concurrency", "100"])).joined(
                separator: " ")
            let few = try CommandRun.run(
                URL(filePath: "/bin/sh"), arguments: ["-c", "ulimit -n 128; exec \(command)"], in: directory,
                environment: ["TEST_KEY": Self.key])
            #expect(few.status == 69, "\(few.standardError)")
            #expect(few.standardError.contains("ulimit -n is 128; raise it, or send at most 26 at once"))
            // A soft limit is raised.
            let soft = try CommandRun.run(
                URL(filePath: "/bin/sh"), arguments: ["-c", "ulimit -S -n 128; exec \(command)"],
                in: directory,
                environment: ["TEST_KEY": Self.key])
            #expect(soft.status == 0, "\(soft.standardError)")
        }
    }

    @Test func optionsOfTheOtherKindOfModelAreRefused() throws {
        try withTemporaryDirectory { directory in
            try writePrompts(1, in: directory)
            func error(_ arguments: String...) throws -> String {
                let run = try CommandRun.run(
                    CommandRun.distill,
                    arguments: ["generate"] + arguments + [
                        "--prompts", "prompts.txt", "--output", "o.jsonl",
                    ],
                    in: directory)
                #expect(run.status == 64, "\(run.standardError)")
                return run.standardError
            }
            #expect(
                try error("model", "--max-cost", "1", "--input-price", "1", "--output-price", "1").contains(
                    "behind an API"))
            #expect(try error("http://127.0.0.1:1/v1").contains("--model-name is missing"))
            #expect(try error("http://127.0.0.1:1/v1", "--model-name", "m", "--exit", "2").contains("--exit"))
            #expect(
                try error("http://127.0.0.1:1/v1", "--model-name", "m", "--max-cost", "1").contains(
                    "--input-price"))
            #expect(
                try error("http://127.0.0.1:1/v1", "--model-name", "m", "--parameter", "n=2").contains(
                    "\"n\""))
        }
    }
}
