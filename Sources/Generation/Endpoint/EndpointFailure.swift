import Foundation
import HTTP
import Support

/// Messages about an endpoint: one line each that says what to do.
struct EndpointFailure {
    let endpoint: Endpoint

    private var place: String { endpoint.address.description }

    fileprivate func error(_ problem: String, hint: String?, _ status: ExitStatus) -> UserError {
        UserError(problem, file: place, hint: hint, status: status)
    }

    private func with(_ message: ServerMessage) -> String { message.isEmpty ? "" : ": \(message.text)" }

    /// 401, 403, 407.
    func denied(_ status: Int, _ message: ServerMessage) -> UserError {
        let hint =
            switch (status, endpoint.key) {
            case (407, _): "give the proxy's password: https_proxy=http://USER:PASSWORD@HOST:PORT"
            case (_, let key?): "check the key in \(key), and that it may use the model \(endpoint.model)"
            case (_, nil) where !endpoint.headers.isEmpty:
                "check \(endpoint.headers.values.sorted().joined(separator: ", "))"
            case (_, nil):
                "name the environment variable that holds a key: --key-variable OPENAI_API_KEY, or \"key\" in a recipe"
            }
        return error("access is denied (status \(status))\(with(message))", hint: hint, .noPermission)
    }

    /// 404 and routes that a server lacks.
    func notFound(_ status: Int, _ message: ServerMessage) -> UserError {
        var hints = [
            endpoint.address.isBare ? "addresses mostly end in /v1" : "check the address and the model's name"
        ]
        if endpoint.route == .completions { hints.append("some servers have no /completions") }
        return error(
            "no model \"\(endpoint.model)\" or no route /\(EndpointClient.path(endpoint.route)) "
                + "(status \(status))\(with(message))",
            hint: hints.joined(separator: "; "), .configuration)
    }

    /// The same failure of a first request, with the models that the server has.
    func unknown(_ error: UserError, models: [String]) -> UserError {
        guard !models.isEmpty, !models.contains(endpoint.model), error.problem.hasPrefix("no model") else {
            return error
        }
        var error = error
        let shown = models.prefix(Self.mostNames).map { String($0.prefix(80)) }.joined(separator: ", ")
        error.hint = "it has the models \(shown)\(models.count > Self.mostNames ? ", …" : "")"
        return error
    }

    /// Names in a message.
    private static let mostNames = 10

    func redirected(_ reply: HTTPReply?, _ status: Int) -> UserError {
        let target = reply?.redirection.map { " to \($0.scheme ?? "")://\($0.place)" } ?? ""
        return error(
            "redirects\(target) (status \(status))",
            hint: "give that address: a key is not sent to another", .configuration)
    }

    func insecure(_ reason: String) -> UserError {
        error(
            "no secure connection: \(reason)",
            hint:
                "where a proxy decrypts the traffic, add its certificate to the system's (update-ca-certificates)",
            .unavailable)
    }

    /// The account has nothing left.
    func quota(_ message: ServerMessage) -> UserError {
        error(
            "the quota or credit is used up\(with(message))",
            hint: "the answers so far are kept; run the same command again once there is more",
            .temporaryFailure)
    }

    /// Nothing was answered for too long.
    func gone(_ seconds: Double, _ reason: String) -> UserError {
        error(
            "no answer for \(Int(seconds.rounded())) s: \(reason)",
            hint: "the answers so far are kept; run the same command again to resume", .temporaryFailure)
    }

    /// Not even a first request was answered.
    func absent(_ reason: String) -> UserError {
        error(
            "does not answer: \(reason)",
            hint:
                "check the address and that the server runs; http_proxy, https_proxy and no_proxy where there is a proxy",
            .temporaryFailure)
    }

    /// A server asks for a wait of hours.
    func asksToWait(_ seconds: Double, _ reason: String) -> UserError {
        error(
            "asks to wait \(Int(min(seconds, 1e9).rounded(.up))) s: \(reason)",
            hint: "the answers so far are kept; run the same command again then to resume", .temporaryFailure)
    }

    /// Prompt after prompt fails.
    func failing(_ count: Int, _ reason: String) -> UserError {
        error(
            "\(count) prompts in a row failed, the last with: \(reason)",
            hint: "they are asked again when the same command is run again; the answers so far are kept",
            .temporaryFailure)
    }

    /// The first request, of one token, is refused.
    func probe(_ reason: String) -> UserError {
        let text = reason.lowercased()
        let hint: String =
            if text.contains("max_completion_tokens") || text.contains("max_tokens") {
                "use the other name of the limit: --token-limit \(other), or \"token_limit\" in a recipe"
            } else if Self.isAboutLogprobs(reason) {
                "leave out --top-logprobs, or top_logprobs in a recipe, and train on its text"
            } else if text.contains("seed") {
                "leave the seed out: --no-send-seed, or send_seed: false in a recipe"
            } else if let name = ["temperature", "top_p", "top_k", "min_p", "repetition_penalty", "stop"]
                .first(
                    where: text.contains)
            {
                "leave that option out, or set \(name): null among the endpoint's parameters"
            } else {
                "the endpoint refuses a request of one token with these options: change them"
            }
        return error("refuses a first request: \(reason)", hint: hint, .configuration)
    }

    private var other: String {
        Endpoint.TokenLimitName.allCases.first { $0 != endpoint.tokenLimit }!.rawValue
    }

    private static func isAboutLogprobs(_ reason: String) -> Bool {
        ["logprobs", "log-probabilities"].contains { reason.lowercased().contains($0) }
    }

    /// The answer to the first request is no completion.
    func notAnAPI(_ reason: String) -> UserError {
        // llama-cpp-python refuses them with status 500.
        if Self.isAboutLogprobs(reason) { return probe(reason) }
        return error(
            "does not answer as an OpenAI-compatible API does: \(reason)",
            hint: endpoint.address.isBare ? "addresses mostly end in /v1" : "check the address",
            .configuration)
    }
}

// MARK: - Probabilities of prompts

extension EndpointFailure {
    /// The endpoint returns answers, but no log-probabilities of a prompt's tokens.
    func scoresNothing(_ reasons: [String], perToken: Bool) -> UserError {
        let reasons = reasons.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return error(
            "gives no probabilities of a prompt's tokens by this tokenizer: \(reasons.joined(separator: "; "))",
            hint: perToken
                ? "train on text that it generates"
                : "vLLM does (up to --max-logprobs of them), and llama-cpp-python's server unless it has --logits_all false; one that has them of "
                    + "generated tokens alone, as llama.cpp's, is asked with --per-token, or per_token: true in a recipe; of a chat's alone, as "
                    + "OpenAI's, with generate --top-logprobs, or top_logprobs there",
            .configuration)
    }

    /// A document of a corpus has no probabilities.
    func unscored(_ number: Int, of count: Int, _ reason: String, start: String) -> UserError {
        error(
            "gives no probabilities of document \(number + 1) of \(count), \"\(start)…\": \(reason)",
            hint: "remove it from the corpus, or shorten it; the others are kept", .dataFormat)
    }

    /// A budget ended before all documents had their probabilities.
    func unfinished(_ bound: BudgetBound, _ done: Int, of count: Int) -> UserError {
        error(
            "the budget of \(bound) ended after \(done) of \(count) documents",
            hint: "raise it and run the same command again: what is paid for is kept", .unavailable)
    }
}
