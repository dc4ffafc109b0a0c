import Foundation
import Synchronization

/// Requests over HTTP, several at once, each with its answer streamed to a handler. Redirections are answers: nobody follows them here.
///
/// All answers are received on one thread: while a handler writes a part to a busy disk, the servers wait.
package final class HTTPSession: Sendable {
    private let loop: TransferLoop

    /// - Parameters:
    ///   - timeout: seconds without a byte after which a request has failed
    ///   - keepsConnections: whether requests follow each other on a connection. A server may close one just when the next request is sent,
    ///     which libcurl then sends again: on connections of their own, requests that cost money are sent once.
    package init(timeout: Double, keepsConnections: Bool = true) {
        Self.adoptEnvironment()
        loop = TransferLoop(timeout: timeout, keepsConnections: keepsConnections)
    }

    deinit { loop.close() }

    /// libcurl reads all variables about proxies in lower and upper case but one.
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
        _ request: HTTPRequest, head: @escaping @Sendable (HTTPReply) -> Bool = { _ in true },
        body: @escaping @Sendable (Data) throws -> Void,
        completion: @escaping @Sendable (HTTPExchange) -> Void = { _ in }
    ) -> HTTPExchange {
        let exchange = HTTPExchange(
            request, head: head, body: body, completion: completion, wake: { [loop] in loop.wake() })
        loop.begin(exchange)
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
        _ request: HTTPRequest, head: @escaping @Sendable (HTTPReply) -> Bool = { _ in true },
        body: @escaping @Sendable (Data) throws -> Void
    ) throws -> HTTPReply {
        let exchange = begin(request, head: head, body: body)
        exchange.wait()
        return try exchange.result()
    }

    /// Sends a request and returns its answer whole.
    ///
    /// - Parameter limit: the most bytes that are accepted
    /// - Throws: `HTTPFailure`
    package func fetch(_ request: HTTPRequest, limit: Int) throws -> (reply: HTTPReply, body: Data) {
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
        _ request: HTTPRequest, limit: Int,
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
