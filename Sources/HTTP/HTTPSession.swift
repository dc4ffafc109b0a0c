import Foundation
import FoundationNetworking
import Synchronization

/// Requests over HTTP, several at once, each with its answer streamed to a handler. Redirections are answers: nobody follows them here.
///
/// URLSession queues the parts of answers without a bound while its delegate is busy; `overrun` is that bound.
package final class HTTPSession: Sendable {
    /// Parts of answers that may wait to be written. A part has 16 KiB (`CURL_MAX_WRITE_SIZE`).
    private let mostWaiting: Int

    /// The session of all requests; nil where each has its own.
    private let shared: URLSession?
    private let configuration: URLSessionConfiguration
    private let router = Router()

    /// A connection that is kept may be closed by the server just when the next request is sent. curl then sends it again on a new one, and
    /// URLSession cannot give it the body a second time: a request with a body never ends. A session has connections of its own.
    ///
    /// - Parameters:
    ///   - timeout: seconds without a byte after which a request has failed
    ///   - keepsConnections: whether requests without a body follow each other on a connection
    ///   - mostWaiting: parts of answers that may wait to be written
    package init(timeout: Double, keepsConnections: Bool = true, mostWaiting: Int = 2048) {
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
        self.configuration = configuration
        shared =
            keepsConnections
            ? URLSession(configuration: configuration, delegate: router, delegateQueue: router.queue) : nil
    }

    deinit { shared?.invalidateAndCancel() }

    /// curl, which URLSession is built on, reads all variables about proxies in lower and upper case but one.
    private static func adoptEnvironment() {
        if let proxy = ProcessInfo.processInfo.environment["HTTP_PROXY"] { setenv("http_proxy", proxy, 0) }
    }

    /// Begins to send a request.
    ///
    /// - Parameters:
    ///   - head: called once with the beginning of the answer; false skips the rest
    ///   - body: called with each part of the answer, in order, on a thread of the session
    ///   - completion: called when the answer has ended, on a thread of the session
    @discardableResult
    package func begin(
        _ request: URLRequest, head: @escaping @Sendable (HTTPReply) -> Bool = { _ in true },
        body: @escaping @Sendable (Data) throws -> Void,
        completion: @escaping @Sendable (HTTPExchange) -> Void = { _ in }
    ) -> HTTPExchange {
        precondition(shared == nil || request.httpBody == nil, "a body on a connection that is kept")
        let session =
            shared ?? URLSession(configuration: configuration, delegate: router, delegateQueue: router.queue)
        let exchange = HTTPExchange(
            session.dataTask(with: request), to: request.url!, head: head, body: body, completion: completion)
        router.begin(exchange)
        exchange.resume()
        if shared == nil { session.finishTasksAndInvalidate() }
        return exchange
    }

    /// Sends a request and waits for the end of its answer.
    ///
    /// - Parameters:
    ///   - head: called once with the beginning of the answer; false skips the rest
    ///   - body: called with each part of the answer, in order, on a thread of the session
    /// - Returns: The beginning of the answer.
    /// - Throws: `HTTPFailure`, or what `body` throws.
    @discardableResult
    package func send(
        _ request: URLRequest, head: @escaping @Sendable (HTTPReply) -> Bool = { _ in true },
        body: @escaping @Sendable (Data) throws -> Void
    ) throws -> HTTPReply {
        let exchange = begin(request, head: head, body: body)
        // Looked at from here, since a write to a busy disk can hold up the thread of the session for seconds. Within this time a gigabyte
        // a second brings 20 MB.
        while exchange.ended.wait(timeout: .now() + .milliseconds(20)) == .timedOut {
            if router.queue.operationCount > mostWaiting { exchange.cancel(.overrun) }
        }
        return try exchange.result()
    }

    /// Sends a request and returns its answer whole.
    ///
    /// - Parameter limit: the most bytes that are accepted
    /// - Throws: `HTTPFailure`
    package func fetch(_ request: URLRequest, limit: Int) throws -> (reply: HTTPReply, body: Data) {
        let content = BoundedBody(limit: limit)
        let reply = try send(request, body: content.append)
        return (reply, content.data)
    }

    /// Begins to send a request whose answer is kept whole.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are accepted
    ///   - completion: called with the answer or an `HTTPFailure`, on a thread of the session
    package func begin(
        _ request: URLRequest, limit: Int,
        completion: @escaping @Sendable (Result<(reply: HTTPReply, body: Data), any Error>) -> Void
    ) -> HTTPExchange {
        let content = BoundedBody(limit: limit)
        return begin(request, body: content.append) { exchange in
            completion(Result { (try exchange.result(), content.data) })
        }
    }
}

/// The bytes of an answer in memory.
private final class BoundedBody: Sendable {
    private let limit: Int
    private let content = Mutex(Data())

    init(limit: Int) { self.limit = limit }

    var data: Data { content.withLock { $0 } }

    @Sendable func append(_ part: Data) throws {
        try content.withLock {
            guard $0.count + part.count <= limit else { throw HTTPFailure.tooLong }
            $0.append(part)
        }
    }
}

/// Hands the events of the session to the exchanges that are going on.
private final class Router: NSObject, URLSessionDataDelegate, Sendable {
    let queue = OperationQueue()
    /// By their tasks, whose own identifiers repeat in another session.
    private let exchanges = Mutex<[ObjectIdentifier: HTTPExchange]>([:])

    func begin(_ exchange: HTTPExchange) {
        exchanges.withLock { $0[exchange.identifier] = exchange }
    }

    private func exchange(of task: URLSessionTask) -> HTTPExchange? {
        exchanges.withLock { $0[ObjectIdentifier(task)] }
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
        // After `overrun`, parts that wait are still written: what is asked for again begins behind them.
        exchange(of: dataTask)?.receive(data)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        exchanges.withLock { $0.removeValue(forKey: ObjectIdentifier(task)) }?.finish(error)
    }
}
