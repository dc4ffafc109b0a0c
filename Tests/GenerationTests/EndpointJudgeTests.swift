import Foundation
import Support
import TestSupport
import Testing

@testable import Generation

/// A recipe whose stage `judge` asks a model behind an API, as a process.
@Suite struct EndpointJudgeTests {
    private func write(_ server: ScriptedEndpoint, _ method: String, answers: Int, in directory: URL) throws {
        let lines = (0..<answers).map {
            #"{"prompt": "Question \#($0 / 2)?", "completion": "Answer \#($0)."}"# + "\n"
        }
        try Data(lines.joined().utf8).write(to: directory.appending(path: "answers.jsonl"))
        let recipe = """
            name: judged
            endpoints:
              judge: {url: '\(server.url)', model: scripted, concurrency: 2, retry_delay: 0.01}
            stages:
              - judge: {corpus: answers.jsonl, \(method), to: best}
            """
        try Data(recipe.utf8).write(to: directory.appending(path: "recipe.yaml"))
    }

    private func read(_ name: String, in directory: URL) throws -> String {
        try String(contentsOf: directory.appending(path: "runs/judged/\(name)"), encoding: .utf8)
    }

    /// What the scripted judge says of the answer whose number is in a request.
    private static func answer(_ text: String, to request: ScriptedEndpoint.Request) -> HTTPResponse {
        ScriptedEndpoint.json(
            200,
            #"{"choices": [{"index": 0, "message": {"role": "assistant", "content": \#(OrderedJSON.string(text).text)}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}"#
        )
    }

    @Test func scoresOfAnEndpointAreReadAndWhatItRefusesIsCounted() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, _ in
                guard !request.isProbe else { return nil }
                let question = request.question
                if question.contains("Answer 3.") {
                    return ScriptedEndpoint.json(400, #"{"error": {"message": "refused"}}"#)
                }
                if question.contains("Answer 4.") { return Self.answer("It is good.", to: request) }
                let score = (1...5).first { question.contains("Answer \($0).") } ?? 9
                return Self.answer("It is short. Score: \(score)", to: request)
            }
            try write(server, "score: {model: judge}", answers: 6, in: directory)
            let run = try CommandRun.distill("run", "recipe.yaml", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            let kept = try read("best.jsonl", in: directory).split(separator: "\n")
            #expect(kept.count == 3)
            #expect(
                kept[0].contains("Answer 0.") && kept[1].contains("Answer 2.")
                    && kept[2].contains("Answer 5."))
            let report = try OrderedJSON(Data(read("best-report.json", in: directory).utf8), name: "report")
            #expect(report["unjudged"] == .integer(2) && report["judged"] == .integer(4))
            #expect(
                report["counts"]
                    == .object([
                        .init("without_answer", .integer(1)), .init("without_score", .integer(1)),
                    ]))
            #expect(report["model"] == .string("scripted"))
        }
    }

    @Test func aKilledComparisonAsksNoPairTwice() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, _ in
                request.isProbe ? nil : Self.answer("Verdict: A", to: request)
            }
            server.change { $0.delay = 0.02 }
            try write(server, "pairwise: {model: judge}", answers: 40, in: directory)
            let process = Process()
            process.executableURL = CommandRun.distill
            process.arguments = ["run", "recipe.yaml"]
            process.currentDirectoryURL = directory
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            try withDefaultSignals { try process.run() }
            while process.isRunning, server.questions.count < 10 { usleep(1000) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let run = try CommandRun.distill("run", "recipe.yaml", in: directory)
            #expect(run.status == 0, "\(run.standardError)")
            // 20 pairs in both orders; of those in flight when the process was killed at most two were asked again.
            #expect(Set(server.questions).count == 40)
            #expect((40...42).contains(server.questions.count))
            let report = try OrderedJSON(Data(read("best-report.json", in: directory).utf8), name: "report")
            #expect(report.value(at: "counts.first_in_both_orders") == .integer(20))
            #expect(report["tied_prompts"] == .integer(20))
        }
    }
}
