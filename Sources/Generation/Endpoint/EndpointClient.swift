import Foundation
import HTTP
import Support

/// Sends requests to an endpoint.
final class EndpointClient: Sendable {
    let endpoint: Endpoint
    let reader: CompletionReader
    private let credentials: EndpointCredentials
    private let session: HTTPSession

    /// No answer of a language model has more bytes; a larger one is not read to its end.
    static let longestAnswer = 32 << 20
    /// A list of ten thousand models.
    private static let longestList = 4 << 20

    /// Files of a request: its socket, and while a name is looked up two that libcurl is told the result by.
    private static let filesPerRequest = 3
    /// Of the process beside its requests: standard streams, journal, records, locks, libraries.
    private static let otherFiles = 48

    /// - Throws: `UserError` when the process may not open a connection for each request
    init(_ endpoint: Endpoint, _ credentials: EndpointCredentials) throws {
        let needed = Self.filesPerRequest * endpoint.concurrency + Self.otherFiles
        let limit = OpenFileLimit.raised(to: needed)
        guard limit >= needed else {
            let most = (limit - Self.otherFiles) / Self.filesPerRequest
            throw UserError(
                "\(endpoint.concurrency) requests at once need \(needed) open files, and ulimit -n is \(limit)",
                hint: most > 0 ? "raise it, or send at most \(most) at once" : "raise it",
                status: .unavailable)
        }
        (self.endpoint, self.credentials) = (endpoint, credentials)
        reader = CompletionReader(endpoint: endpoint, credentials: credentials)
        // The dispatcher has a deadline for the whole of an answer, which comes first.
        session = HTTPSession(timeout: endpoint.timeout + 30, keepsConnections: false)
    }

    /// The path of a route below the address.
    static func path(_ route: Endpoint.Route) -> String {
        switch route {
        case .chat: "chat/completions"
        case .completions: "completions"
        }
    }

    /// Begins to send a request.
    ///
    /// - Parameter completion: called with the outcome, on a thread of the session
    func begin(
        _ request: CompletionRequest, completion: @escaping @Sendable (CompletionOutcome) -> Void
    ) -> HTTPExchange {
        var message = self.message(Self.path(request.route), .post(Data(request.body.text.utf8)))
        message.fields.append(("Content-Type", "application/json"))
        return session.begin(message, limit: Self.longestAnswer) { [reader] result in
            switch result {
            case .success(let answer): completion(reader.outcome(of: request, answer.reply, answer.body))
            case .failure(let error):
                completion(reader.outcome(of: error as? HTTPFailure ?? .interrupted("\(error)")))
            }
        }
    }

    private func message(_ path: String, _ method: HTTPRequest.Method = .get) -> HTTPRequest {
        let fields: [(name: String, value: String)] = [
            ("Accept", "application/json"), ("Accept-Encoding", "identity"), ("User-Agent", "swift-distill"),
            ("Connection", "close"),
        ]
        return HTTPRequest(endpoint.address.url(of: path), method, fields: fields + credentials.fields)
    }

    /// The names of the models, as `GET /models` lists them; empty where it lists none.
    func models() -> [String] {
        guard let (reply, body) = try? session.fetch(message("models"), limit: Self.longestList),
            reply.status == 200, let value = try? OrderedJSON(body, name: "the answer"),
            case .array(let models)? = value["data"]
        else { return [] }
        return models.compactMap { if case .string(let name)? = $0["id"] { name } else { nil } }.sorted()
    }
}
