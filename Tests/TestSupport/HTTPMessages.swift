import Foundation

/// A request.
public struct HTTPRequest: Sendable {
    /// `GET`, for one.
    public let method: String
    /// As they were sent: percent-encoded.
    public let path, query: String
    /// By lower-case name.
    public let headers: [String: String]
    /// What follows the header fields.
    public internal(set) var body = Data()

    /// Parses a request line and header fields; nil if they are not those of HTTP/1.
    public init?(_ head: String) {
        let lines = head.split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return nil }
        let target = words[1].split(separator: "?", maxSplits: 1)
        method = String(words[0])
        path = target.first.map(String.init) ?? ""
        query = target.count == 2 ? String(target[1]) : ""
        headers = lines.dropFirst().reduce(into: [:]) { headers, line in
            let field = line.split(separator: ":", maxSplits: 1)
            guard field.count == 2 else { return }
            headers[field[0].lowercased()] = field[1].trimmingCharacters(in: .whitespaces)
        }
    }
}

/// A response, whose body may be incomplete.
public struct HTTPResponse: Sendable {
    /// What follows the body.
    public enum Ending: Sendable {
        /// The next request on the same connection.
        case whole
        /// The connection is closed.
        case closed
        /// The connection is reset (RST).
        case reset
        /// Nothing, until the client closes the connection or the server stops.
        case stalled
    }

    /// The status code.
    public let status: Int
    let phrase: String
    /// In the order in which they are sent.
    public var headers: [(key: String, value: String)]
    /// What is sent in answer to `GET`.
    public let body: Data
    let ending: Ending

    /// - Parameters:
    ///   - phrase: nil for the usual one
    ///   - headers: with the `Content-Length` of a body that is incomplete. Otherwise it is added, unless the connection is closed.
    public init(
        _ status: Int, _ phrase: String? = nil, headers: KeyValuePairs<String, String> = [:],
        body: Data = Data(), ending: Ending = .whole
    ) {
        (self.status, self.phrase) = (status, phrase ?? Self.phrases[status] ?? "Other")
        (self.headers, self.body, self.ending) = (Array(headers), body, ending)
        let isLengthGiven = headers.contains { $0.key.lowercased() == "content-length" }
        if !isLengthGiven, ending != .closed { self.headers.append(("Content-Length", "\(body.count)")) }
    }

    private static let phrases = [
        200: "OK", 206: "Partial Content", 302: "Found", 400: "Bad Request", 401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
    ]

    /// What is sent: no body after `HEAD`.
    func bytes(inAnswerTo method: String) -> Data {
        let fields = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        return Data("HTTP/1.1 \(status) \(phrase)\r\n\(fields)\r\n".utf8) + (method == "HEAD" ? Data() : body)
    }
}
