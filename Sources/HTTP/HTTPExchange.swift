import Foundation
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

    let request: HTTPRequest
    private let ended = DispatchSemaphore(value: 0)
    private let head: @Sendable (HTTPReply) -> Bool
    private let body: @Sendable (Data) throws -> Void
    private let completion: @Sendable (HTTPExchange) -> Void
    /// Has the session look at this exchange.
    private let wake: @Sendable () -> Void
    private let state = Mutex(State())

    init(
        _ request: HTTPRequest, head: @escaping @Sendable (HTTPReply) -> Bool,
        body: @escaping @Sendable (Data) throws -> Void,
        completion: @escaping @Sendable (HTTPExchange) -> Void, wake: @escaping @Sendable () -> Void
    ) {
        (self.request, self.head, self.body) = (request, head, body)
        (self.completion, self.wake) = (completion, wake)
    }

    /// Breaks the exchange off; it ends with `failure`, unless it has ended already.
    package func cancel(_ failure: HTTPFailure) {
        fail(failure)
        wake()
    }

    /// Whether nothing more of the answer is wanted.
    var isBroken: Bool { state.withLock { $0.error != nil || $0.isSkipped } }

    /// - Returns: whether the answer is to be read on
    func receive(_ reply: HTTPReply) -> Bool {
        state.withLock { $0.reply = reply }
        let isWanted = head(reply)
        if !isWanted { state.withLock { $0.isSkipped = true } }
        return isWanted && !isBroken
    }

    /// - Returns: whether the answer is to be read on
    func receive(_ data: Data) -> Bool {
        guard !isBroken else { return false }
        do {
            try body(data)
        } catch {
            fail(error)
        }
        return !isBroken
    }

    private func fail(_ error: any Error) {
        state.withLock { if !$0.isOver { $0.error = $0.error ?? error } }
    }

    /// Ends the exchange; a failure after the part of the answer that is wanted is none.
    func finish(_ failure: HTTPFailure?) {
        if let failure, !isBroken { fail(failure) }
        state.withLock { $0.isOver = true }
        ended.signal()
        completion(self)
    }

    /// Waits for the end of the answer.
    func wait() { ended.wait() }

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
