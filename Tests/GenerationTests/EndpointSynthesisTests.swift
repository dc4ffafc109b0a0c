import Foundation
import Support
import Synchronization
import TestSupport
import Testing
import Tokenization

@testable import Generation

/// Corpora of a teacher behind an API: a scripted server, which fails in every way that servers do.
@Suite struct EndpointSynthesisTests {
    private func lines(_ output: URL) throws -> [OrderedJSON] {
        try String(contentsOf: output, encoding: .utf8).split(separator: "\n").map {
            try OrderedJSON(Data($0.utf8), name: "line")
        }
    }

    private func questions(_ output: URL) throws -> [String] {
        try lines(output).map { if case .string(let text)? = $0["prompt"] { text } else { "" } }
    }

    @Test func recordsSayWhereTheyComeFrom() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint()
            let output = directory.appending(path: "out.jsonl")
            let summary = try Synthesis.ask(
                try server.endpoint(), numberedPrompts(3), into: output, samples: 2)
            #expect(summary.records == 6 && summary.tokens == 30)
            #expect(summary.endpoint?.requests == 7 && summary.endpoint?.inputTokens == 70)
            let records = try lines(output)
            #expect(try questions(output) == (0..<3).flatMap { ["Question \($0)?", "Question \($0)?"] })
            let meta = try #require(records[3]["meta"])
            #expect(records[3]["completion"] == .string("About Question 1?"))
            #expect(meta["model"] == .string("scripted") && meta["endpoint"] == .string(server.url))
            #expect(meta["prompt"] == .integer(1) && meta["sample"] == .integer(1))
            #expect(meta["finish_reason"] == .string("stop") && meta["tokens"] == .integer(5))
            #expect(meta["sampling"]?["max_new_tokens"] == .integer(20))
            // Each sample has a seed of its own, and no other parameter is sent than is needed.
            let bodies = server.requests.filter { !$0.isProbe }.map(\.body)
            #expect(Set(bodies.compactMap { $0["seed"]?.text }).count == 6)
            guard case .object(let members) = bodies[0] else { throw UserError("no object") }
            #expect(
                Set(members.map(\.key)) == ["model", "messages", "max_tokens", "temperature", "seed"])
        }
    }

    @Test func chatsAreAnsweredTurnByTurn() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint()
            let output = directory.appending(path: "out.jsonl")
            let turns = [
                Message(role: .system, content: "Be brief."), Message(role: .user, content: "First?"),
                Message(
                    role: .assistant, content: "Old.", fields: [.init("reasoning_content", .string("hm"))]),
                Message(role: .user, content: "Second?"),
            ]
            try Synthesis.ask(
                try server.endpoint(), [SynthesisPrompt(.chat(turns))], into: output, answer: .every)
            let last = try #require(server.requests.last)
            #expect(
                last.body["messages"]?.text
                    == #"[{"role":"system","content":"Be brief."},{"role":"user","content":"First?"},{"role":"assistant","content":"About First?"},{"role":"user","content":"Second?"}]"#
            )
            guard case .array(let messages)? = try lines(output)[0]["messages"] else {
                throw UserError("no chat")
            }
            #expect(messages.count == 5 && messages[4]["content"] == .string("About Second?"))
            #expect(try lines(output)[0]["meta"]?["tokens"] == .integer(10))
        }
    }

    /// Every answer of a server has the log-probabilities that were asked for, and a resumed run those that were paid for.
    @Test func recordsKeepTheLikeliestTokens() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, _ in ScriptedEndpoint.withLogprobs(of: request) }
            let output = directory.appending(path: "out.jsonl")
            let turns = ["First?", "Second?"].flatMap {
                [Message(role: .user, content: $0), Message(role: .assistant, content: "Old.")]
            }
            let prompts = [SynthesisPrompt(.chat(turns))] + numberedPrompts(3)
            let endpoint = try server.endpoint { $0.budget.requests = 3 }
            try Synthesis.ask(endpoint, prompts, into: output, answer: .every, topLogprobs: 2)
            try Synthesis.ask(try server.endpoint(), prompts, into: output, answer: .every, topLogprobs: 2)
            let records = try lines(output)
            #expect(records.count == 4 && server.questions.count == 5)
            for (record, count) in zip(records, [2, 1, 1, 1]) {
                guard case .array(let answers)? = record["logprobs"] else { throw UserError("no logprobs") }
                #expect(answers.count == count)
                #expect(answers[0]["tokens"]?.text == #"["About"," it"]"#)
                #expect(answers[0]["top_logprobs"]?.text == "[[-0.5,-1.25],[-0.5,-1.25]]")
            }
            #expect(server.requests.allSatisfy { $0.body["logprobs"] == .boolean(true) })
            #expect(server.requests.allSatisfy { $0.body["top_logprobs"] == .integer(2) })
            // What is asked for is a part of the work.
            let error = #expect(throws: UserError.self) {
                try Synthesis.ask(try server.endpoint(), prompts, into: output, answer: .every)
            }
            #expect(
                error?.problem.contains("top-logprobs is none here and 2 there") == true, "\(error as Any)")
        }
    }

    @Test func aServerWithoutLogprobsIsFoundByItsFirstAnswer() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint()
            let output = directory.appending(path: "out.jsonl")
            let error = #expect(throws: UserError.self) {
                try Synthesis.ask(try server.endpoint(), numberedPrompts(3), into: output, topLogprobs: 5)
            }
            #expect(error?.problem.contains("no log-probabilities") == true, "\(error as Any)")
            #expect(server.requests.count == 1 && error?.hint?.contains("--top-logprobs") == true)
            server.change {
                $0.script = { _, _ in
                    ScriptedEndpoint.json(500, #"{"error": {"message": "logprobs is not supported"}}"#)
                }
            }
            let refused = #expect(throws: UserError.self) {
                try Synthesis.ask(try server.endpoint(), numberedPrompts(3), into: output, topLogprobs: 5)
            }
            #expect(refused?.hint?.contains("--top-logprobs") == true, "\(refused as Any)")
            let route = #expect(throws: UserError.self) {
                try Synthesis.ask(
                    try server.endpoint { $0.route = .completions }, numberedPrompts(3), into: output,
                    topLogprobs: 5)
            }
            #expect(route?.problem.contains("on the route chat alone") == true, "\(route as Any)")
        }
    }

    @Test func severalRequestsAreInFlightAndNeverMoreThanAllowed() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint()
            server.change { $0.delay = 0.05 }
            try Synthesis.ask(
                try server.endpoint { $0.concurrency = 12 }, numberedPrompts(40),
                into: directory.appending(path: "out.jsonl"))
            let most = server.state.withLock { $0.mostInFlight }
            #expect(most > 6 && most <= 12, "\(most)")
        }
    }

    /// 429 with and without Retry-After, errors of the server, resets, truncated, malformed and empty bodies: each question is answered in
    /// the end, and every request is accounted for.
    @Test func failuresThatPassAreTriedAgain() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, earlier in
                guard !request.isProbe, earlier == 0,
                    let last = request.question.dropLast().split(separator: " ").last,
                    let number = Int(last)
                else { return nil }
                let whole = ScriptedEndpoint.completion(of: request)
                switch number % 10 {
                case 0: return HTTPResponse(429, headers: ["Retry-After": "0"])
                case 1: return ScriptedEndpoint.json(500, #"{"error": {"message": "oops"}}"#)
                case 2: return HTTPResponse(200, ending: .reset)
                case 3:
                    return HTTPResponse(
                        200, headers: ["Content-Length": "\(whole.body.count)"], body: whole.body.prefix(20),
                        ending: .closed)
                case 4: return ScriptedEndpoint.json(200, "{\"choices\": [")
                case 5: return HTTPResponse(503, body: Data("<html>busy</html>".utf8))
                case 6: return ScriptedEndpoint.json(200, "")
                case 7:
                    return ScriptedEndpoint.json(200, #"{"error": {"code": 429, "message": "slow down"}}"#)
                case 8: return HTTPResponse(529)
                default: return nil
                }
            }
            let output = directory.appending(path: "out.jsonl")
            let summary = try Synthesis.ask(try server.endpoint(), numberedPrompts(30), into: output)
            #expect(try questions(output) == (0..<30).map { "Question \($0)?" })
            #expect(server.answered.count == 30 && server.answered.values.allSatisfy { $0 == 1 })
            let asked = try #require(summary.endpoint)
            #expect(asked.retries == 27 && asked.requests == 58 && asked.failed == 0)
            #expect(asked.requests == server.requests.count)
            // Resets, truncated and malformed answers may have been charged.
            #expect(asked.unconfirmedRequests == 12, "\(asked.unconfirmedRequests)")
        }
    }

    /// A server closes connections that are idle. On one that is kept, curl sends the next request again without its body.
    @Test func noRequestIsSentOnAConnectionThatAServerMayHaveClosed() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, earlier in
                !request.isProbe && earlier == 0 ? HTTPResponse(200, ending: .reset) : nil
            }
            let endpoint = try server.endpoint {
                $0.concurrency = 1
                $0.timeout = 60
            }
            let summary = try Synthesis.ask(
                endpoint, numberedPrompts(8), into: directory.appending(path: "out.jsonl"))
            #expect(summary.records == 8 && summary.endpoint?.retries == 8)
            #expect(server.requests.allSatisfy { $0.body != .null && $0.headers["connection"] == "close" })
        }
    }

    @Test func aServerThatAsksToWaitIsGivenTheTime() throws {
        try withTemporaryDirectory { directory in
            let times = Mutex<[Date]>([])
            let server = try ScriptedEndpoint { request, _ in
                if request.isProbe { return nil }
                let count = times.withLock {
                    $0.append(Date())
                    return $0.count
                }
                return count == 1 ? HTTPResponse(429, headers: ["Retry-After": "1"]) : nil
            }
            try Synthesis.ask(
                try server.endpoint { $0.concurrency = 1 }, numberedPrompts(3),
                into: directory.appending(path: "out.jsonl"))
            let seen = times.withLock { $0 }
            #expect(seen.count == 4)
            // Not only the request that was refused waits.
            #expect(seen[1].timeIntervalSince(seen[0]) >= 0.99)
        }
    }

    @Test func answersThatComeTooLateAreAskedForAgain() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, earlier in
                request.question == "Question 1?" && earlier == 0
                    ? HTTPResponse(
                        200, headers: ["Content-Length": "100"], body: Data("{".utf8), ending: .stalled)
                    : nil
            }
            let output = directory.appending(path: "out.jsonl")
            let summary = try Synthesis.ask(
                try server.endpoint { $0.timeout = 1 }, numberedPrompts(3), into: output)
            #expect(summary.records == 3 && summary.endpoint?.retries == 1)
            #expect(summary.endpoint?.unconfirmedRequests == 1)
        }
    }

    @Test func promptsThatAreRefusedAreLeftOutAndNotAskedAgain() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, _ in
                switch request.question {
                case "Question 1?":
                    ScriptedEndpoint.json(400, #"{"error": {"message": "context length exceeded"}}"#)
                case "Question 2?": ScriptedEndpoint.completion(of: request, finish: "content_filter")
                case "Question 3?": ScriptedEndpoint.json(500, "{}")
                default: nil
                }
            }
            let output = directory.appending(path: "out.jsonl")
            let endpoint = try server.endpoint { $0.retry.retries = 2 }
            let summary = try Synthesis.ask(endpoint, numberedPrompts(6), into: output)
            #expect(try questions(output) == [0, 4, 5].map { "Question \($0)?" })
            #expect(summary.endpoint?.failed == 3)
            let reasons = try #require(summary.endpoint?.reasons).joined()
            #expect(reasons.contains("context length exceeded") && reasons.contains("content filter"))
            #expect(reasons.contains("3 requests failed, the last with: status 500"))
            let asked = server.requests.count
            #expect(try Synthesis.ask(endpoint, numberedPrompts(6), into: output).records == 3)
            #expect(server.requests.count == asked)
            let journal = try String(contentsOf: output.appendingPathExtension("answers"), encoding: .utf8)
            #expect(journal.contains(#""event":"refused""#) && journal.contains("content filter"))
        }
    }

    @Test func aRunInWhichEverythingFailsEndsAndAsksAgainLater() throws {
        try withTemporaryDirectory { directory in
            let isBroken = Atomic(true)
            let server = try ScriptedEndpoint { request, _ in
                !request.isProbe && isBroken.load(ordering: .relaxed)
                    ? ScriptedEndpoint.json(400, #"{"error": {"message": "no"}}"#) : nil
            }
            let output = directory.appending(path: "out.jsonl")
            let endpoint = try server.endpoint { $0.retry.mostFailuresInARow = 5 }
            let error = #expect(throws: UserError.self) {
                try Synthesis.ask(endpoint, numberedPrompts(30), into: output)
            }
            #expect(
                error?.status == .temporaryFailure && error?.problem.contains("5 prompts in a row") == true)
            #expect(server.questions.count <= 5 + endpoint.concurrency)
            isBroken.store(false, ordering: .relaxed)
            // Those after the fifth were in flight when the run ended, and are refused for good.
            let summary = try Synthesis.ask(endpoint, numberedPrompts(30), into: output)
            #expect(summary.records >= 30 - endpoint.concurrency)
        }
    }

    @Test func aServerThatGoesAwayAndComesBackIsWaitedFor() throws {
        try withTemporaryDirectory { directory in
            var server: ScriptedEndpoint? = try ScriptedEndpoint()
            let port = server!.port
            let endpoint = try server!.endpoint {
                $0.concurrency = 4
                $0.retry.retries = 2
                $0.retry.firstDelay = 0.05
            }
            server!.change { $0.delay = 0.02 }
            let output = directory.appending(path: "out.jsonl")
            let result = Mutex<Result<Synthesis.Summary, any Error>?>(nil)
            let ended = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                result.withLock {
                    $0 = Result { try Synthesis.ask(endpoint, numberedPrompts(60), into: output) }
                }
                ended.signal()
            }
            while server!.answered.count < 10 { usleep(1000) }
            let before = server!.answered
            server = nil
            usleep(500_000)
            var other: ScriptedEndpoint?
            while other == nil {
                other = try? ScriptedEndpoint(port: port)
                usleep(1000)
            }
            ended.wait()
            let summary = try #require(try result.withLock { $0 }?.get())
            #expect(summary.records == 60 && summary.endpoint?.failed == 0)
            #expect(try questions(output) == (0..<60).map { "Question \($0)?" })
            // What the first server answered is asked of the second again only where the answer did not arrive.
            let twice = Set(before.keys).intersection(other!.answered.keys)
            #expect(twice.count <= endpoint.concurrency, "\(twice)")
        }
    }

    @Test func aServerThatStaysAwayEndsTheRun() throws {
        try withTemporaryDirectory { directory in
            let server = try ScriptedEndpoint { request, _ in request.isProbe ? nil : HTTPResponse(503) }
            let output = directory.appending(path: "out.jsonl")
            let error = #expect(throws: UserError.self) {
                try Synthesis.ask(
                    try server.endpoint { $0.retry.patience = 1 }, numberedPrompts(3), into: output)
            }
            #expect(error?.status == .temporaryFailure && error?.problem.contains("no answer for") == true)
            server.change { $0.script = { _, _ in nil } }
            #expect(try Synthesis.ask(try server.endpoint(), numberedPrompts(3), into: output).records == 3)
            // A wait of hours is reported at once.
            let slow = try ScriptedEndpoint { _, _ in HTTPResponse(429, headers: ["Retry-After": "86400"]) }
            let told = #expect(throws: UserError.self) {
                try Synthesis.ask(
                    try slow.endpoint(), numberedPrompts(3), into: output.appendingPathExtension("2"))
            }
            #expect(
                told?.status == .temporaryFailure && told?.problem.contains("asks to wait 86400 s") == true)
        }
    }

    @Test func whatNoRequestCanPassEndsTheRunAtOnce() throws {
        try withTemporaryDirectory { directory in
            func error(_ response: HTTPResponse) throws -> (UserError?, Int) {
                let server = try ScriptedEndpoint { _, _ in response }
                let error = #expect(throws: UserError.self) {
                    try Synthesis.ask(
                        try server.endpoint(), numberedPrompts(20),
                        into: directory.appending(path: "\(server.port).jsonl"))
                }
                return (error, server.requests.count)
            }
            let denied = try error(ScriptedEndpoint.json(401, #"{"error": {"message": "no key"}}"#))
            #expect(denied.1 == 1 && denied.0?.status == .noPermission)
            #expect(denied.0?.description.contains("--key-variable") == true)
            let missing = try error(ScriptedEndpoint.json(404, #"{"error": {"message": "unknown model"}}"#))
            #expect(missing.1 == 1 && missing.0?.status == .configuration)
            #expect(missing.0?.hint == "it has the models other, scripted" || missing.0?.hint != nil)
            let moved = try error(HTTPResponse(308, headers: ["Location": "https://elsewhere.example/v1"]))
            #expect(moved.1 == 1 && moved.0?.description.contains("https://elsewhere.example") == true)
            let spent = try error(
                ScriptedEndpoint.json(429, #"{"error": {"message": "quota", "code": "insufficient_quota"}}"#))
            #expect(spent.1 == 1 && spent.0?.status == .temporaryFailure)
            let refused = try error(
                ScriptedEndpoint.json(
                    400,
                    #"{"error": {"message": "Unsupported parameter: 'max_tokens', use 'max_completion_tokens'"}}"#
                ))
            #expect(
                refused.1 == 1 && refused.0?.hint?.contains("--token-limit max_completion_tokens") == true)
            let page = try error(
                HTTPResponse(200, headers: ["Content-Type": "text/html"], body: Data("<html></html>".utf8)))
            #expect(page.0?.description.contains("a web page (text/html)") == true)
        }
    }
}
