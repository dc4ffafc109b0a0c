import Foundation
import HTTP
import Support

/// Messages about requests to a hub: one line each that names what was asked for, with a hint.
struct HubFailure: Sendable {
    let reference: HubReference
    let settings: HubSettings
    /// The file in question; nil for the repository.
    let file: String?

    private var subject: String { file.map { "\(reference.repository): \($0)" } ?? reference.description }

    private func error(_ problem: String, hint: String?, _ status: ExitStatus) -> UserError {
        UserError(problem, file: subject, hint: hint, status: status)
    }

    private var tokenHint: String { "set HF_TOKEN (https://huggingface.co/settings/tokens)" }

    /// The hub answers, and refuses.
    func refused(_ reply: HTTPReply) -> UserError {
        let host = settings.endpoint.place
        let code = reply["x-error-code"]
        let isKnown = settings.token != nil
        switch (reply.status, code) {
        case (_, "GatedRepo"):
            return error(
                "is a gated model on \(host)",
                hint: "accept its conditions at "
                    + "\(settings.endpoint.withoutCredentials)/\(reference.repository)"
                    + (isKnown ? " with the account of the token" : ", then \(tokenHint)"), .noPermission)
        case (_, "RevisionNotFound"):
            return error(
                "\(host) has no revision \"\(reference.revision ?? HubReference.defaultRevision)\" of it",
                hint: "a branch, a tag or a commit of 40 digits is expected after @", .noInput)
        case (_, "EntryNotFound"):
            return error("is not among the files on \(host)", hint: nil, .noInput)
        case (401, _) where isKnown && reply["x-error-message"]?.contains("Invalid credentials") == true:
            return error("\(host) does not accept the token", hint: "renew it: \(tokenHint)", .noPermission)
        case (401, _), (404, _), (_, "RepoNotFound"):
            return error(
                "no such model on \(host), or a private one",
                hint: "check the name"
                    + (isKnown ? " and the token's permissions" : "; for a private model \(tokenHint)"),
                .noInput)
        case (403, _):
            return error(
                "\(host) forbids the download",
                hint: reply["x-error-message"] ?? "check the token's permissions",
                .noPermission)
        case (407, _):
            return error(
                "the proxy asks for a password", hint: "https_proxy=http://USER:PASSWORD@HOST:PORT",
                .noPermission)
        case (429, _):
            return error(
                "\(host) accepts no more requests for now",
                hint: (reply.count("retry-after").map { "try again in \($0) s" } ?? "try again later")
                    + (isKnown ? "" : ", or \(tokenHint)"), .temporaryFailure)
        default:
            return error(
                "\(host) answers with status \(reply.status)\(reply["x-error-message"].map { ": \($0)" } ?? "")",
                hint: reply.status >= 500 ? "try again later" : nil, .unavailable)
        }
    }

    /// There was no answer.
    func unanswered(_ failure: HTTPFailure) -> UserError {
        let host = settings.endpoint.place
        switch failure {
        case .unreachable(let reason):
            return error(
                "cannot connect to \(host): \(reason)",
                hint: "check the network, and https_proxy where there is a proxy", .unavailable)
        case .insecure(let reason):
            return error(
                "no secure connection to \(host): \(reason)",
                hint:
                    "where a proxy decrypts the traffic, add its certificate to the system's (update-ca-certificates)",
                .unavailable)
        case .timedOut:
            return error(
                "\(host) does not answer",
                hint: "check the network; HF_HUB_DOWNLOAD_TIMEOUT is the number of seconds to wait",
                .unavailable)
        case .interrupted(let reason):
            return error("the connection to \(host) broke off: \(reason)", hint: "try again", .unavailable)
        case .tooLong:
            return error("the answer of \(host) has no end", hint: "check HF_ENDPOINT", .unavailable)
        }
    }

    /// The answer is not that of a hub: a captive portal, a proxy's page, another server.
    func notAHub(_ reply: HTTPReply, _ reason: String) -> UserError {
        let kind = reply["content-type"].map { " (\($0.prefix(60)))" } ?? ""
        return error(
            "\(reply.url.place) does not answer as a hub does\(kind): \(reason)",
            hint: "check HF_ENDPOINT, and whether a proxy answers in its place", .unavailable)
    }

    func tooManyRedirections(at url: URL) -> UserError {
        error("\(url.place) redirects again and again", hint: "check HF_ENDPOINT", .unavailable)
    }

    /// Whether a request with this answer may be answered otherwise later.
    static func isPassing(_ reply: HTTPReply) -> Bool {
        [408, 429, 500, 502, 503, 504].contains(reply.status)
    }
}
