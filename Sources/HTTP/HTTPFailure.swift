import Foundation

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
    /// The answer arrives faster than it is written: what follows must be asked for again.
    case overrun
}

extension HTTPFailure {
    /// Whether the same request may succeed later. A host that cannot be reached at all is reported at once.
    package var isPassing: Bool {
        switch self {
        case .timedOut, .interrupted, .overrun: true
        case .unreachable, .insecure, .tooLong: false
        }
    }

    /// In a message.
    package var reason: String {
        switch self {
        case .timedOut: "no answer"
        case .unreachable(let text), .insecure(let text), .interrupted(let text): text
        case .tooLong: "an answer without an end"
        case .overrun: "the disk is slower than the network"
        }
    }
}

extension HTTPFailure {
    /// What URLSession reports, in the terms of curl.
    init(_ error: any Error) {
        let error = error as NSError
        let text = error.localizedDescription
        switch error.code {
        case NSURLErrorTimedOut: self = .timedOut
        case NSURLErrorCancelled: self = .overrun
        case NSURLErrorCannotFindHost, NSURLErrorCannotConnectToHost, NSURLErrorNotConnectedToInternet,
            NSURLErrorDNSLookupFailed:
            self = .unreachable(text)
        case NSURLErrorSecureConnectionFailed, NSURLErrorServerCertificateUntrusted,
            NSURLErrorServerCertificateHasBadDate, NSURLErrorServerCertificateNotYetValid,
            NSURLErrorServerCertificateHasUnknownRoot, NSURLErrorClientCertificateRejected,
            NSURLErrorClientCertificateRequired:
            self = .insecure(text)
        default:
            self = text.contains("SSL") || text.contains("certificate") ? .insecure(text) : .interrupted(text)
        }
    }
}
