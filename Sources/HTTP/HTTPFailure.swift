import CCurl

/// Why there was no whole answer.
package enum HTTPFailure: Error, Equatable {
    /// No connection, for the reason given by the system.
    case unreachable(String)
    /// The connection is not secure: a certificate is missing or wrong.
    case insecure(String)
    /// Nothing arrived for the time of a timeout, or no whole answer within a deadline.
    case timedOut
    /// The connection broke off.
    case interrupted(String)
    /// The answer has more bytes than are accepted.
    case tooLong
}

extension HTTPFailure {
    /// Whether the same request may succeed later. A host that cannot be reached at all is reported at once.
    package var isPassing: Bool {
        switch self {
        case .timedOut, .interrupted: true
        case .unreachable, .insecure, .tooLong: false
        }
    }

    /// In a message.
    package var reason: String {
        switch self {
        case .timedOut: "no answer"
        case .unreachable(let text), .insecure(let text), .interrupted(let text): text
        case .tooLong: "an answer without an end"
        }
    }
}

extension HTTPFailure {
    /// What libcurl reports.
    init(code: Int, _ text: String) {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: self = .timedOut
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
            self = .unreachable(text)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE:
            self = .insecure(text)
        default:
            self = text.contains("SSL") || text.contains("certificate") ? .insecure(text) : .interrupted(text)
        }
    }
}
