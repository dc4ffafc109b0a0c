import Foundation
import Support
import Synchronization
import TestSupport

@testable import Generation

/// A server with the routes of OpenAI's API, whose answers follow a script; it logs what it is asked.
final class ScriptedEndpoint: Sendable {
    /// A completion that was asked for.
    struct Request: Sendable {
        let path, query: String
        let headers: [String: String]
        let body: OrderedJSON

        init(_ request: HTTPRequest) {
            (path, query, headers) = (request.path, request.query, request.headers)
            body = (try? OrderedJSON(request.body, name: "body")) ?? .null
        }

        /// The last question.
        var question: String {
            if case .string(let text)? = body["prompt"] { return text }
            guard case .array(let messages)? = body["messages"],
                case .string(let text)? = messages.last?["content"]
            else { return "" }
            return text
        }

        /// Whether it is the client's first request, of one token.
        var isProbe: Bool { (body["max_tokens"] ?? body["max_completion_tokens"]) == .integer(1) }
    }

    struct State: Sendable {
        var requests: [Request] = []
        /// Completions sent whole, by question.
        var answered: [String: Int] = [:]
        var inFlight = 0
        var mostInFlight = 0
        /// Answers in place of the usual one, from a request and the number of times its question was asked before; nil for the usual one.
        var script: @Sendable (Request, Int) -> HTTPResponse? = { _, _ in nil }
        /// Before each answer, in seconds.
        var delay = 0.0
    }

    let state = Mutex(State())
    private let server: LoopbackServer

    init(port: UInt16 = 0, _ script: (@Sendable (Request, Int) -> HTTPResponse?)? = nil) throws {
        server = try LoopbackServer(port: port)
        if let script { state.withLock { $0.script = script } }
        server.start { [weak self] in self?.answer($0) ?? HTTPResponse(503) }
    }

    var port: UInt16 { server.port }
    var url: String { "http://127.0.0.1:\(server.port)/v1" }
    var requests: [Request] { state.withLock { $0.requests } }
    /// The questions that were asked, without first requests.
    var questions: [String] { requests.filter { !$0.isProbe }.map(\.question) }
    /// How often each question was answered whole.
    var answered: [String: Int] { state.withLock { $0.answered } }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    /// An endpoint here, with short waits.
    func endpoint(_ change: (inout Endpoint) -> Void = { _ in }) throws -> Endpoint {
        var endpoint = Endpoint(address: try EndpointAddress(url), model: "scripted")
        endpoint.retry.firstDelay = 0.01
        endpoint.retry.patience = 30
        change(&endpoint)
        return endpoint
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        if request.method == "GET" {
            return Self.json(200, #"{"object": "list", "data": [{"id": "scripted"}, {"id": "other"}]}"#)
        }
        let request = Request(request)
        let (script, earlier, delay) = state.withLock { state in
            let earlier = state.requests.filter { $0.question == request.question && !$0.isProbe }.count
            state.requests.append(request)
            state.inFlight += 1
            state.mostInFlight = max(state.mostInFlight, state.inFlight)
            return (state.script, earlier, state.delay)
        }
        defer { state.withLock { $0.inFlight -= 1 } }
        if delay > 0 { Thread.sleep(forTimeInterval: delay) }
        if let response = script(request, earlier) { return response }
        if !request.isProbe { state.withLock { $0.answered[request.question, default: 0] += 1 } }
        return Self.completion(of: request)
    }

    static func json(_ status: Int, _ body: String) -> HTTPResponse {
        HTTPResponse(status, headers: ["Content-Type": "application/json"], body: Data(body.utf8))
    }

    /// An answer of two tokens, with the likeliest two at each.
    static func withLogprobs(of request: Request) -> HTTPResponse {
        let tokens = ["About", " it"].map { text in
            let top = [(text, "-0.5"), (" other", "-1.25")].map { name, value in
                #"{"token": "\#(name)", "bytes": [\#(name.utf8.map(String.init).joined(separator: ","))], "logprob": \#(value)}"#
            }
            return top[0].dropLast() + #", "top_logprobs": [\#(top.joined(separator: ","))]}"#
        }
        return json(
            200,
            #"{"choices": [{"message": {"content": "About it"}, "finish_reason": "stop", "logprobs": {"content": [\#(tokens.joined(separator: ","))]}}], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}"#
        )
    }

    /// The usual answer: 10 tokens read and 5 written.
    static func completion(of request: Request, finish: String = "stop") -> HTTPResponse {
        let text = OrderedJSON.string("About \(request.question)").text
        let choice =
            request.path.hasSuffix("/chat/completions")
            ? #""message": {"role": "assistant", "content": \#(text)}"# : #""text": \#(text)"#
        return json(
            200,
            #"{"choices": [{"index": 0, \#(choice), "finish_reason": "\#(finish)"}], "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}"#
        )
    }
}

/// Prompts with different texts.
func numberedPrompts(_ count: Int) -> [SynthesisPrompt] {
    (0..<count).map { SynthesisPrompt(.prompt("Question \($0)?")) }
}

extension Synthesis {
    /// An endpoint's answers to prompts, in a file.
    @discardableResult
    static func ask(
        _ endpoint: Endpoint, _ prompts: [SynthesisPrompt], into output: URL, samples: Int = 1,
        answer: AnswerScope = .last, topLogprobs: Int? = nil, note: @escaping (String) -> Void = { _ in }
    ) throws -> Summary {
        try Synthesis(
            endpoint: endpoint,
            options: Options(
                sampling: .init(maxNewTokens: 20), samples: samples, seed: 7, answer: answer,
                topLogprobs: topLogprobs)
        ).run(prompts: prompts, into: output) { if case .note(let text) = $0 { note(text) } }
    }
}
