import Foundation
import Support
import TestSupport
import Testing

@testable import Generation

/// Budgets end a run before they are exceeded, and a larger one continues it.
@Suite struct EndpointBudgetTests {
    private func count(_ output: URL) throws -> Int { try JSONLines.count(of: output) }

    @Test func requestsAreBounded() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint()
            let output = directory.appending(path: "out.jsonl")
            let summary = try Synthesis.ask(
                try server.endpoint { $0.budget.requests = 11 }, numberedPrompts(30), into: output)
            #expect(server.requests.count == 11 && summary.records == 10)
            #expect(summary.endpoint?.budgetEnded == .requests(11))
            // The same budget asks nothing more.
            let again = try Synthesis.ask(
                try server.endpoint { $0.budget.requests = 11 }, numberedPrompts(30), into: output)
            #expect(again.records == 10 && server.requests.count == 11)
            let rest = try Synthesis.ask(try server.endpoint(), numberedPrompts(30), into: output)
            #expect(rest.records == 30 && rest.reused == 10)
            #expect(try count(output) == 30)
            #expect(server.answered.values.allSatisfy { $0 == 1 } && server.answered.count == 30)
            // Now it is complete.
            let asked = server.requests.count
            #expect(try Synthesis.ask(try server.endpoint(), numberedPrompts(30), into: output).reused == 30)
            #expect(server.requests.count == asked)
        }
    }

    @Test func tokensAndMoneyAreNeverExceeded() throws {
        try withTemporaryDirectory { directory in
            for concurrency in [1, 8] {
                let server = try ScriptedEndpoint()
                // A request reserves its bytes and 16, and 20 tokens of an answer; it takes 15.
                let output = directory.appending(path: "tokens-\(concurrency).jsonl")
                let summary = try Synthesis.ask(
                    try server.endpoint {
                        $0.budget.tokens = 200
                        $0.concurrency = concurrency
                    }, numberedPrompts(30), into: output)
                let asked = try #require(summary.endpoint)
                let spent = asked.inputTokens + asked.outputTokens
                #expect(spent <= 200 && spent > 200 - 60, "\(spent)")
                #expect(asked.budgetEnded == .tokens(200) && spent == 15 * server.requests.count)
                let money = directory.appending(path: "money-\(concurrency).jsonl")
                let paid = try #require(
                    try Synthesis.ask(
                        try server.endpoint {
                            $0.prices = .init(input: 1000, output: 4000)
                            $0.budget.cost = 0.5
                            $0.concurrency = concurrency
                        }, numberedPrompts(60), into: money
                    ).endpoint)
                #expect(try #require(paid.cost) <= 0.5 && paid.cost! > 0.5 - 0.15, "\(paid.cost!)")
            }
        }
    }

    @Test func answersWithoutUsageAreEstimated() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, _ in
                ScriptedEndpoint.json(
                    200, #"{"choices": [{"message": {"content": "12345678"}, "finish_reason": null}]}"#)
            }
            var notes: [String] = []
            let output = directory.appending(path: "out.jsonl")
            let summary = try Synthesis.ask(try server.endpoint(), numberedPrompts(4), into: output) {
                notes.append($0)
            }
            #expect(summary.tokens == 8 && summary.endpoint?.estimatedAnswers == 4)
            #expect(summary.endpoint?.parts.joined().contains("4 answers estimated") == true)
            #expect(notes.contains { $0.contains("says no usage") })
            let text = try String(contentsOf: output, encoding: .utf8)
            #expect(text.contains(#""finish_reason":"unknown""#))
        }
    }

    @Test func aBudgetThatIsTooSmallForAnAnswerIsReported() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint()
            let output = directory.appending(path: "out.jsonl")
            let error = #expect(throws: UserError.self) {
                try Synthesis.ask(
                    try server.endpoint { $0.budget.tokens = 3 }, numberedPrompts(2), into: output)
            }
            #expect(error?.problem.contains("budget of 3 tokens") == true && server.requests.isEmpty)
            #expect(!FileManager.default.fileExists(atPath: output.path))
        }
    }

    @Test func morePromptsAskOnlyForTheNewOnes() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint()
            let journal = directory.appending(path: "shared.answers")
            func ask(_ count: Int) throws -> Synthesis.Summary {
                try Synthesis(
                    endpoint: try server.endpoint(),
                    options: .init(sampling: .init(maxNewTokens: 20), seed: 7)
                ).run(
                    prompts: numberedPrompts(count), into: directory.appending(path: "\(count).jsonl"),
                    journal: journal)
            }
            _ = try ask(10)
            #expect(try ask(15).endpoint?.requests == 6)
            #expect(server.answered.count == 15 && server.answered.values.allSatisfy { $0 == 1 })
        }
    }
}
