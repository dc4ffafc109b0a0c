import Foundation
import FoundationNetworking
import Support
import Synchronization

/// Why there was no whole answer.
enum HTTPFailure: Error, Equatable {
    /// No connection, for the reason given by the system.
    case unreachable(String)
    /// The connection is not secure: a certificate is missing or wrong.
    case insecure(String)
    /// Nothing arrived for the time of a timeout.
    case timedOut
    /// The connection broke off.
    case interrupted(String)
    /// The answer has more bytes than are accepted.
    case tooLong
    /// The answer arrives faster than it is written: what follows must be asked for again.
    case overrun
}

/// One request after another, each with its answer streamed to a handler. Redirections are answers: nobody follows them here.
///
/// URLSession queues the parts of an answer without a bound while its delegate is busy; `overrun` is that bound.
final class HTTPSession {
    /// Parts of an answer that may wait to be written. A part has 16 KiB (`CURL_MAX_WRITE_SIZE`).
    private let mostWaiting: Int

    private let session: URLSession
    private let router = Router()

    init(timeout: Double, mostWaiting: Int = 2048) {
        self.mostWaiting = mostWaiting
        Self.adoptEnvironment()
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = timeout
        configuration.timeoutIntervalForResource = 365 * 86400
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        configuration.urlCredentialStorage = nil
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        router.queue.maxConcurrentOperationCount = 1
        session = URLSession(configuration: configuration, delegate: router, delegateQueue: router.queue)
    }

    deinit { session.invalidateAndCancel() }

    /// curl, which URLSession is built on, reads all variables about proxies in lower and upper case but one.
    private static func adoptEnvironment() {
        if let proxy = ProcessInfo.processInfo.environment["HTTP_PROXY"] { setenv("http_proxy", proxy, 0) }
    }

    /// Sends a request and waits for the end of its answer.
    ///
    /// - Parameters:
    ///   - head: called once with the beginning of the answer; false skips the rest
    ///   - body: called with each part of the answer, in order, on a thread of the session
    /// - Returns: The beginning of the answer.
    /// - Throws: `HTTPFailure`, or what `body` throws.
    @discardableResult
    func send(
        _ request: URLRequest, head: @escaping @Sendable (HTTPReply) -> Bool = { _ in true },
        body: @escaping @Sendable (Data) throws -> Void
    ) throws -> HTTPReply {
        let exchange = Exchange(request.url!, head: head, body: body)
        let task = session.dataTask(with: request)
        router.begin(exchange, of: task)
        defer { router.end() }
        task.resume()
        // Looked at from here, since a write to a busy disk can hold up the thread of the session for seconds. Within this time a gigabyte
        // a second brings 20 MB.
        while exchange.ended.wait(timeout: .now() + .milliseconds(20)) == .timedOut {
            if router.queue.operationCount > mostWaiting { task.cancel() }
        }
        return try exchange.result()
    }

    /// Sends a request and returns its answer whole.
    ///
    /// - Parameter limit: the most bytes that are accepted
    func fetch(_ request: URLRequest, limit: Int) throws -> (reply: HTTPReply, body: Data) {
        let content = Mutex(Data())
        let reply = try send(request) { data in
            try content.withLock {
                guard $0.count + data.count <= limit else { throw HTTPFailure.tooLong }
                $0.append(data)
            }
        }
        return (reply, content.withLock { $0 })
    }
}

/// One request and its answer.
private final class Exchange: Sendable {
    private struct State {
        var reply: HTTPReply?
        var error: (any Error)?
        /// Whether the rest of the answer is of no interest.
        var isSkipped = false
    }

    let ended = DispatchSemaphore(value: 0)
    private let url: URL
    private let head: @Sendable (HTTPReply) -> Bool
    private let body: @Sendable (Data) throws -> Void
    private let state = Mutex(State())

    init(
        _ url: URL, head: @escaping @Sendable (HTTPReply) -> Bool,
        body: @escaping @Sendable (Data) throws -> Void
    ) {
        (self.url, self.head, self.body) = (url, head, body)
    }

    /// Whether the answer is to be read on.
    func receive(_ response: URLResponse) -> Bool {
        guard let response = response as? HTTPURLResponse else { return false }
        let reply = HTTPReply(response, to: url)
        state.withLock { $0.reply = reply }
        let isWanted = head(reply)
        if !isWanted { state.withLock { $0.isSkipped = true } }
        return isWanted
    }

    /// Whether the answer is to be read on.
    func receive(_ data: Data) -> Bool {
        guard state.withLock({ $0.error == nil && !$0.isSkipped }) else { return false }
        do {
            try body(data)
            return true
        } catch {
            fail(error)
            return false
        }
    }

    func fail(_ error: any Error) { state.withLock { $0.error = $0.error ?? error } }

    func finish(_ error: (any Error)?) {
        if let error, state.withLock({ !$0.isSkipped }) { fail(failure(of: error)) }
        ended.signal()
    }

    /// A host that has begun to answer was reached: URLSession with curl 8.14 reports a transfer that breaks off as a host that cannot
    /// be connected to.
    private func failure(of error: any Error) -> HTTPFailure {
        let failure = HTTPFailure(error)
        guard case .unreachable(let text) = failure, state.withLock({ $0.reply != nil }) else {
            return failure
        }
        return .interrupted(text)
    }

    func result() throws -> HTTPReply {
        try state.withLock { state in
            if let error = state.error { throw error }
            guard let reply = state.reply else { throw HTTPFailure.interrupted("no answer") }
            return reply
        }
    }
}

/// Hands the events of the session to the exchange that is going on.
private final class Router: NSObject, URLSessionDataDelegate, Sendable {
    let queue = OperationQueue()
    private let current = Mutex<(task: Int, exchange: Exchange)?>(nil)

    func begin(_ exchange: Exchange, of task: URLSessionTask) {
        current.withLock { $0 = (task.taskIdentifier, exchange) }
    }

    func end() { current.withLock { $0 = nil } }

    /// The exchange of a task; nil for events of an earlier one.
    private func exchange(of task: URLSessionTask) -> Exchange? {
        current.withLock { $0?.task == task.taskIdentifier ? $0?.exchange : nil }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        completionHandler(exchange(of: dataTask)?.receive(response) == true ? .allow : .cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        guard let exchange = exchange(of: dataTask) else { return }
        // After `overrun`, parts that wait are still written: what is asked for again begins behind them.
        if !exchange.receive(data) { dataTask.cancel() }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        exchange(of: task)?.finish(error)
    }
}

extension HTTPFailure {
    /// What URLSession reports, in the terms of curl.
    fileprivate init(_ error: any Error) {
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
