import Foundation
import FoundationNetworking
import Synchronization

/// One request and its answer.
package final class HTTPExchange: Sendable {
    private struct State {
        var reply: HTTPReply?
        var error: (any Error)?
        /// Whether the rest of the answer is of no interest.
        var isSkipped = false
        var isOver = false
    }

    let ended = DispatchSemaphore(value: 0)
    private let task: URLSessionTask
    private let url: URL
    private let head: @Sendable (HTTPReply) -> Bool
    private let body: @Sendable (Data) throws -> Void
    private let completion: @Sendable (HTTPExchange) -> Void
    private let state = Mutex(State())

    init(
        _ task: URLSessionTask, to url: URL, head: @escaping @Sendable (HTTPReply) -> Bool,
        body: @escaping @Sendable (Data) throws -> Void,
        completion: @escaping @Sendable (HTTPExchange) -> Void
    ) {
        (self.task, self.url, self.head, self.body) = (task, url, head, body)
        self.completion = completion
    }

    var identifier: ObjectIdentifier { ObjectIdentifier(task) }

    func resume() { task.resume() }

    /// Breaks the exchange off; it ends with `failure`, unless it has ended already.
    package func cancel(_ failure: HTTPFailure) {
        fail(failure)
        task.cancel()
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

    /// Reads on, or ends the task.
    func receive(_ data: Data) {
        guard state.withLock({ $0.error == nil && !$0.isSkipped }) else { return task.cancel() }
        do {
            try body(data)
        } catch {
            fail(error)
            task.cancel()
        }
    }

    private func fail(_ error: any Error) {
        state.withLock { if !$0.isOver { $0.error = $0.error ?? error } }
    }

    func finish(_ error: (any Error)?) {
        if let error, state.withLock({ !$0.isSkipped }) { fail(failure(of: error)) }
        state.withLock { $0.isOver = true }
        ended.signal()
        completion(self)
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

    /// The beginning of the answer, once it has ended.
    ///
    /// - Throws: `HTTPFailure`, or what the handler of the body threw.
    package func result() throws -> HTTPReply {
        try state.withLock { state in
            if let error = state.error { throw error }
            guard let reply = state.reply else { throw HTTPFailure.interrupted("no answer") }
            return reply
        }
    }
}
