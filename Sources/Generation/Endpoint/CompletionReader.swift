import Foundation
import HTTP
import Support
import Tokenization

/// Reads what an endpoint answers, as OpenAI's API has it and as other servers and gateways depart from it.
struct CompletionReader {
    let endpoint: Endpoint
    let credentials: EndpointCredentials

    private var host: String { endpoint.address.host }

    func outcome(of request: CompletionRequest, _ reply: HTTPReply, _ body: Data) -> CompletionOutcome {
        let text = credentials.redacted(String(decoding: body, as: UTF8.self))
        guard (200..<300).contains(reply.status) else {
            return refusal(reply, ServerMessage(text, credentials), status: reply.status)
        }
        let value: OrderedJSON
        if text.hasPrefix("data:") || text.hasPrefix("event:") || text.hasPrefix(":"),
            let streamed = StreamedCompletion(text)
        {
            guard streamed.isWhole else { return damaged("the stream of its answer ended early") }
            value = streamed.value
        } else if let whole = try? OrderedJSON(Data(text.utf8), name: "the answer") {
            value = whole
        } else {
            return notJSON(reply, text)
        }
        // Gateways answer with status 200 and an error in the body.
        if let error = value["error"], error != .null {
            let message = ServerMessage(error, credentials)
            return refusal(reply, message, status: message.status ?? 400)
        }
        return answer(value, to: request)
    }

    // MARK: Answers

    private func answer(_ value: OrderedJSON, to request: CompletionRequest) -> CompletionOutcome {
        let usage = usage(value["usage"])
        // llama.cpp's own form.
        if let prompt = request.scored, value["choices"] == nil, value["completion_probabilities"] != nil {
            return scores(of: prompt, value, usage, request)
        }
        guard case .array(let choices)? = value["choices"] else {
            return damaged("an answer without \"choices\"")
        }
        guard let choice = choices.first else {
            return .refused("no choices in the answer", usage ?? estimate(request, ""))
        }
        if let error = choice["error"], error != .null {
            let message = ServerMessage(error, credentials)
            return refusal(nil, message, status: message.status ?? 400)
        }
        if let prompt = request.scored { return scores(of: prompt, choice, usage, request) }
        let finish: String? = if case .string(let text)? = choice["finish_reason"] { text } else { nil }
        let given = choice["message"]
        guard
            let parts = request.route == .chat
                ? given.map(AnswerParts.init) : AnswerParts(text: choice["text"])
        else { return damaged("an answer without a message") }
        let spent = usage ?? estimate(request, parts.content + parts.reasoning)
        if finish == "content_filter" { return .refused("content filter", spent) }
        if case .string(let refusal)? = given?["refusal"], !refusal.isEmpty, parts.content.isEmpty {
            return .refused("the model refuses: \(refusal.prefix(200))", spent)
        }
        guard !parts.content.isEmpty || !parts.toolCalls.isEmpty else {
            let ending = "finish_reason \(finish ?? "null")"
            let hint =
                parts.reasoning.isEmpty
                ? "" : finish == "length" ? ": reasoning took all tokens" : ": only reasoning"
            return .empty("an empty answer (\(ending))\(hint)", spent)
        }
        var answer = CompletionAnswer(message: parts.message, finishReason: finish, usage: spent)
        if request.wantsLogprobs {
            do { answer.logprobs = try AnswerLogprobs(choice) } catch {
                return .refused(error.problem, spent)
            }
        }
        return .answer(answer)
    }

    private func usage(_ value: OrderedJSON?) -> TokenUsage? {
        func count(_ key: String) -> Int? {
            switch value?[key] {
            case .integer(let count)? where (0...TokenUsage.most).contains(count): count
            case .number(let count)? where (0...Double(TokenUsage.most)).contains(count): Int(count)
            default: nil
            }
        }
        guard let input = count("prompt_tokens") else { return nil }
        // Some servers leave out the tokens of an empty answer.
        let output = count("completion_tokens") ?? count("total_tokens").map { max(0, $0 - input) }
        return output.map { TokenUsage(input: input, output: $0) }
    }

    /// Probabilities; a server without them answers with a text alone.
    private func scores(
        of prompt: ScoredPrompt, _ choice: OrderedJSON, _ usage: TokenUsage?, _ request: CompletionRequest
    ) -> CompletionOutcome {
        let spent = usage ?? TokenUsage(input: prompt.ids.count, output: 1, isEstimated: true)
        do {
            let scores = try ScoreReader(prompt).scores(in: choice, promptTokens: usage?.input)
            return .answer(
                CompletionAnswer(
                    message: Message(role: .assistant, content: ""), finishReason: nil, usage: spent,
                    scores: scores))
        } catch {
            return .refused(error.problem, spent)
        }
    }

    private func estimate(_ request: CompletionRequest, _ text: String) -> TokenUsage {
        TokenUsage(estimatedFor: request.reserved.input, text.utf8.count)
    }

    // MARK: Failures

    private func damaged(_ reason: String) -> CompletionOutcome {
        .passing(PassingFailure(kind: .faulty, reason: reason, mayBeCharged: true))
    }

    private func notJSON(_ reply: HTTPReply, _ text: String) -> CompletionOutcome {
        let kind = reply["content-type"].map { " (\($0.prefix(60)))" } ?? ""
        let start = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return damaged(
            start.isEmpty
                ? "an empty body"
                : start.hasPrefix("<") ? "a web page\(kind)" : "an answer that is not JSON\(kind)")
    }

    /// What a status means.
    private func refusal(_ reply: HTTPReply?, _ message: ServerMessage, status: Int) -> CompletionOutcome {
        let reason = "status \(status)\(message.isEmpty ? "" : ": \(message.text)")"
        let delay =
            reply.flatMap { RetryAfter.seconds(of: $0) } ?? RetryAfter.seconds(inMessage: message.text)
        if message.saysQuotaIsUsedUp { return .fatal(failure.quota(message)) }
        switch status {
        case 401, 403, 407: return .fatal(failure.denied(status, message))
        case 402: return .fatal(failure.quota(message))
        case 404, 405, 501: return .fatal(failure.notFound(status, message))
        case 300..<400: return .fatal(failure.redirected(reply, status))
        case 408, 425, 429, 502, 503, 504, 520..<531:
            return .passing(PassingFailure(kind: .unavailable, reason: reason, delay: delay))
        case 409, 500..<600:
            return .passing(PassingFailure(kind: .faulty, reason: reason, delay: delay))
        default: return .refused(reason, .zero)
        }
    }

    var failure: EndpointFailure { EndpointFailure(endpoint: endpoint) }

    /// What no whole answer means.
    func outcome(of error: HTTPFailure) -> CompletionOutcome {
        switch error {
        case .unreachable(let reason):
            return .passing(
                PassingFailure(
                    kind: .unavailable, reason: credentials.redacted(reason), mayBeCharged: false))
        case .timedOut:
            return .passing(
                PassingFailure(
                    kind: .unavailable, reason: "no answer within \(Int(endpoint.timeout.rounded(.up))) s",
                    mayBeCharged: true))
        case .interrupted(let reason):
            return .passing(
                PassingFailure(
                    kind: .faulty, reason: "the connection broke off: \(credentials.redacted(reason))",
                    mayBeCharged: true))
        case .insecure(let reason): return .fatal(failure.insecure(credentials.redacted(reason)))
        case .tooLong:
            return .refused("an answer of more than \(EndpointClient.longestAnswer >> 20) MB", .zero)
        }
    }
}

extension TokenUsage {
    /// More is a mistake of the server, and sums stay within an Int.
    static let most = 1 << 32
}
