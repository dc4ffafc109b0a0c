import Foundation
import Support
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Generation
@testable import HTTP

/// What endpoints answer, and what addresses, variables and waits are accepted.
@Suite struct EndpointReaderTests {
    private let key = "sk-abcdefghijklmnop1234"

    private func outcome(
        _ body: String, status: Int = 200, headers: [String: String] = [:], route: Endpoint.Route = .chat
    ) throws -> CompletionOutcome {
        var endpoint = Endpoint(address: try EndpointAddress("http://127.0.0.1:9/v1"), model: "m")
        endpoint.key = "TEST_KEY"
        endpoint.route = route
        let credentials = try EndpointCredentials(endpoint, environment: ["TEST_KEY": key])
        let request = CompletionRequest(
            .chat([Message(role: .user, content: "Who?")], tools: []), sampling: .init(), seed: 1,
            endpoint: endpoint)
        return CompletionReader(endpoint: endpoint, credentials: credentials).outcome(
            of: request, HTTPReply(url: endpoint.address.url(of: "x"), status: status, fields: headers),
            Data(body.utf8))
    }

    private func answer(_ body: String, route: Endpoint.Route = .chat) throws -> CompletionAnswer? {
        if case .answer(let answer) = try outcome(body, route: route) { answer } else { nil }
    }

    private func message(_ message: String, _ rest: String = "") -> String {
        #"{"choices": [{"message": \#(message)\#(rest)}]}"#
    }

    @Test func answersAreReadInTheFormsThatServersGive() throws {
        let plain = try #require(
            try answer(message(#"{"content": "Tamsin."}"#, #", "finish_reason": "eos""#)))
        #expect(plain.message == Message(role: .assistant, content: "Tamsin.") && plain.finishReason == "eos")
        #expect(plain.usage.isEstimated)
        // Reasoning has one name in records.
        for name in ["reasoning_content", "reasoning", "thinking"] {
            let reasoned = try answer(message(#"{"content": "Tamsin.", "\#(name)": "Hm."}"#))
            #expect(reasoned?.message.fields == [.init("reasoning_content", .string("Hm."))])
        }
        let parts = try answer(
            message(
                #"{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Tam"}, "sin."]}"#
            ))
        #expect(parts?.message.content == "Tamsin." && parts?.message.fields.count == 1)
        let calls = try answer(
            message(#"{"content": null, "tool_calls": [{"id": "1", "function": {"name": "f"}}]}"#))
        #expect(calls?.message.content == "" && calls?.message.fields.first?.key == "tool_calls")
        #expect(
            try answer(#"{"choices": [{"text": " sings"}]}"#, route: .completions)?.message.content
                == " sings")
        let counted = try answer(
            #"{"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": 7.0, "total_tokens": 9}}"#
        )
        #expect(counted?.usage == TokenUsage(input: 7, output: 2))
    }

    @Test func streamsThatNobodyAskedForArePutTogether() throws {
        let stream = """
            data: {"choices": [{"delta": {"role": "assistant", "content": "Tam"}}]}

            data: {"choices": [{"delta": {"content": "sin."}, "finish_reason": "stop"}]}

            data: {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 3}}

            data: [DONE]

            """
        let answer = try #require(try answer(stream))
        #expect(answer.message.content == "Tamsin." && answer.finishReason == "stop")
        #expect(answer.usage == TokenUsage(input: 4, output: 3))
        guard case .passing = try outcome("data: {\"choices\": [{\"delta\": {\"content\": \"Tam\"}}]}\n\n")
        else {
            throw UserError("a stream that ended early was taken for an answer")
        }
    }

    @Test func emptyAndFilteredAnswersAreNotAnswers() throws {
        for body in [
            message(#"{"content": ""}"#), message(#"{"content": null}"#),
            message(#"{"content": null, "tool_calls": []}"#),
        ] {
            guard case .empty(let reason, _) = try outcome(body) else {
                throw UserError("not empty: \(body)")
            }
            #expect(reason.contains("an empty answer"))
        }
        guard
            case .empty(let reason, let usage) = try outcome(
                #"{"choices": [{"message": {"content": "", "reasoning_content": "Hm"}, "finish_reason": "length"}], "usage": {"prompt_tokens": 1, "completion_tokens": 128}}"#
            )
        else { throw UserError("not empty") }
        #expect(reason.contains("reasoning took all tokens") && usage.output == 128)
        for body in [
            message(#"{"content": "x"}"#, #", "finish_reason": "content_filter""#), #"{"choices": []}"#,
            message(#"{"content": null, "refusal": "I cannot"}"#),
        ] {
            guard case .refused = try outcome(body) else { throw UserError("not refused: \(body)") }
        }
    }

    @Test func errorsInABodyCountByWhatTheySay() throws {
        func kind(_ body: String, _ status: Int = 200) throws -> String {
            switch try outcome(body, status: status) {
            case .answer: "answer"
            case .refused: "refused"
            case .empty: "empty"
            case .passing(let failure): failure.kind == .unavailable ? "unavailable" : "faulty"
            case .fatal: "fatal"
            }
        }
        #expect(try kind(#"{"error": {"code": 429, "message": "x"}}"#) == "unavailable")
        #expect(try kind(#"{"error": {"type": "rate_limit_error", "message": "x"}}"#) == "unavailable")
        #expect(try kind(#"{"error": {"type": "server_error", "message": "x"}}"#) == "unavailable")
        #expect(try kind(#"{"error": "prompt too long"}"#) == "refused")
        #expect(
            try kind(#"{"choices": [{"error": {"code": 502, "message": "x"}, "message": {"content": ""}}]}"#)
                == "unavailable")
        #expect(try kind(#"{"error": {"code": "invalid_api_key", "message": "x"}}"#) == "fatal")
        #expect(try kind(#"{"error": null, "choices": [{"message": {"content": "a"}}]}"#) == "answer")
        #expect(try kind(#"{"error": {"code": "insufficient_quota"}}"#, 429) == "fatal")
        #expect(try kind("<html>413</html>", 413) == "refused")
        #expect(try kind(#"{"detail": [{"loc": ["body"], "msg": "x"}]}"#, 422) == "refused")
        #expect(try kind("", 402) == "fatal")
        #expect(try kind("<html>", 200) == "faulty")
        #expect(try kind("{}", 200) == "faulty")
        for status in [408, 425, 429, 502, 503, 504, 529] { #expect(try kind("", status) == "unavailable") }
        for status in [409, 500] { #expect(try kind("", status) == "faulty") }
    }

    @Test func keysAreRemovedFromWhatServersSay() throws {
        guard
            case .fatal(let error) = try outcome(
                #"{"error": {"message": "Incorrect key \#(key) or sk-abcd****1234"}}"#, status: 401)
        else { throw UserError("not fatal") }
        #expect(!"\(error)".contains(key) && !"\(error)".contains("sk-abcd") && "\(error)".contains("[key]"))
        #expect("\(error)".contains("TEST_KEY"))
        let echoed = try #require(try answer(message(#"{"content": "Your key is \#(key)"}"#)))
        #expect(echoed.message.content == "Your key is [key]")
    }

    @Test func addressesAreReadAsUsersWriteThem() throws {
        func url(_ text: String) throws -> String {
            try EndpointAddress(text).url(of: "chat/completions").absoluteString
        }
        #expect(try url("http://127.0.0.1:8000/v1/") == "http://127.0.0.1:8000/v1/chat/completions")
        #expect(try url("https://h.example/v1/chat/completions") == "https://h.example/v1/chat/completions")
        #expect(try url("http://[::1]:8000/v1") == "http://[::1]:8000/v1/chat/completions")
        #expect(try EndpointAddress("http://[::1]:8000/v1").host == "[::1]:8000")
        #expect(
            try url("https://x.example/openai/deployments/d?api-version=2024-10-21")
                == "https://x.example/openai/deployments/d/chat/completions?api-version=2024-10-21")
        #expect(try EndpointAddress("http://h:1").isBare)
        for text in ["ftp://h/v1", "http://", "h:8000/v1", "http://h/v1#x", ""] {
            #expect(throws: UserError.self) { try EndpointAddress(text) }
        }
        for text in [
            "http://me:hunter22@h/v1", "http://h/v1?api_key=hunter22", "http://h/v1?apikey=hunter22",
        ] {
            let error = #expect(throws: UserError.self) { try EndpointAddress(text) }
            #expect(error?.description.contains("hunter22") == false)
        }
    }

    @Test func onlyNamesOfVariablesAreTaken() throws {
        for name in ["OPENAI_API_KEY", "KEY", "_K2"] { #expect(Endpoint.problem(ofVariable: name) == nil) }
        for name in [
            key, "abcdef0123456789abcdef0123456789", "", "A B", "1KEY", "ABCDEF0123456789ABCDEF01", "$KEY",
        ] { #expect(Endpoint.problem(ofVariable: name) != nil, "\(name)") }
        var endpoint = Endpoint(address: try EndpointAddress("http://h/v1"), model: "m")
        endpoint.key = "MISSING_KEY"
        let error = #expect(throws: UserError.self) { try EndpointCredentials(endpoint, environment: [:]) }
        #expect(error?.problem.contains("MISSING_KEY") == true)
        let broken = #expect(throws: UserError.self) {
            try EndpointCredentials(endpoint, environment: ["MISSING_KEY": "abc\r\nX: y"])
        }
        #expect(broken?.description.contains("abc") == false)
    }

    @Test func timesToWaitAreReadInAllForms() throws {
        let now = Date(timeIntervalSince1970: 784_111_777)
        func seconds(_ fields: [String: String]) throws -> Double? {
            RetryAfter.seconds(
                of: HTTPReply(url: try #require(URL(string: "http://h")), status: 429, fields: fields),
                now: now)
        }
        #expect(try seconds([:]) == nil)
        #expect(try seconds(["Retry-After": "12"]) == 12 && seconds(["Retry-After": "0.5"]) == 0.5)
        #expect(try seconds(["retry-after-ms": "250", "Retry-After": "12"]) == 0.25)
        #expect(try seconds(["Retry-After": "Sun, 06 Nov 1994 08:50:07 GMT"]) == 30)
        #expect(try seconds(["Retry-After": "Sunday, 06-Nov-94 08:50:07 GMT"]) == 30)
        #expect(try seconds(["Retry-After": "Sun Nov  6 08:50:07 1994"]) == 30)
        #expect(try seconds(["Retry-After": "Sun, 06 Nov 1994 08:00:00 GMT"]) == 0)
        #expect(try seconds(["Retry-After": "soon"]) == nil)
        // Azure gives no Retry-After at times (openai-python, issue 937).
        #expect(try seconds(["x-ratelimit-reset-tokens": "55", "x-ratelimit-remaining-tokens": "0"]) == 55)
        #expect(
            try seconds(["x-ratelimit-reset-requests": "6m0s", "x-ratelimit-remaining-requests": "9"]) == nil)
        #expect(try seconds(["x-ratelimit-reset-requests": "1m1.5s"]) == 61.5)
        #expect(RetryAfter.duration("120ms") == 0.12 && RetryAfter.duration("soon") == nil)
        #expect(
            RetryAfter.seconds(inMessage: "Limit 500, Used 500. Please try again in 120ms. Visit") == 0.12)
        #expect(RetryAfter.seconds(inMessage: "Please retry after 45 seconds.") == 45)
        #expect(RetryAfter.seconds(inMessage: "retry after a while, 45 seconds") == nil)
    }

    @Test func waitsGrowAndAreBounded() {
        let policy = RetryPolicy()
        #expect(policy.delay(attempt: 1, uniform: 0.5, asked: nil) == 0.5)
        #expect(policy.delay(attempt: 4, uniform: 0.5, asked: nil) == 4)
        #expect(policy.delay(attempt: 60, uniform: 0.999, asked: nil) <= 60)
        #expect(policy.delay(attempt: 1, uniform: 0.5, asked: 20) == 20.5)
    }

    @Test func parametersAreAddedAndLeftOut() throws {
        var endpoint = Endpoint(address: try EndpointAddress("http://h/v1"), model: "m")
        endpoint.parameters = [.init("reasoning_effort", .string("low")), .init("temperature", .null)]
        endpoint.tokenLimit = .maxCompletionTokens
        endpoint.sendsSeed = false
        let request = CompletionRequest(
            .text("a"), sampling: SamplingOptions(temperature: 0.7, topK: 5, topP: 0.9, maxNewTokens: 9),
            stop: ["\n"], seed: 1, endpoint: endpoint)
        #expect(
            request.body.text
                == #"{"model":"m","prompt":"a","max_completion_tokens":9,"top_p":0.9,"top_k":5,"stop":["\n"],"reasoning_effort":"low"}"#
        )
        for (name, value) in [
            ("n", OrderedJSON.integer(2)), ("stream", .boolean(true)), ("temperature", .integer(1)),
            ("api_key", .string("x")),
        ] {
            #expect(Endpoint.problem(ofParameter: name, value) != nil)
        }
        #expect(Endpoint.problem(ofParameter: "temperature", .null) == nil)
    }
}
