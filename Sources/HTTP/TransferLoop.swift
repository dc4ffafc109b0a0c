import CCurl
import Foundation
import Synchronization

/// The thread that sends the requests of a session and receives their answers, all at once (libcurl's multi interface). It sleeps until there
/// is something to do.
final class TransferLoop: Sendable {
    private struct State {
        var begun: [HTTPExchange] = []
        var isRunning = false
        var isClosed = false
    }

    private let timeout: Duration
    private let keepsConnections: Bool
    private let state = Mutex(State())
    /// Of the thread, but for `curl_multi_wakeup`, which any thread may call.
    nonisolated(unsafe) private let multi: OpaquePointer

    /// libcurl is initialized once for a process.
    private static let isInitialized = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    init(timeout: Double, keepsConnections: Bool) {
        guard Self.isInitialized, let multi = curl_multi_init() else {
            preconditionFailure("libcurl cannot be initialized")
        }
        self.multi = multi
        (self.timeout, self.keepsConnections) = (.seconds(timeout), keepsConnections)
    }

    deinit { curl_multi_cleanup(multi) }

    /// Sends an exchange's request.
    func begin(_ exchange: HTTPExchange) {
        let isFirst = state.withLock { state in
            state.begun.append(exchange)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst {
            let thread = Thread { self.run() }
            thread.name = "HTTP"
            thread.start()
        }
        wake()
    }

    /// Has the thread look at the exchanges.
    func wake() { curl_multi_wakeup(multi) }

    /// Breaks off what goes on and ends the thread.
    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    private func run() {
        var transfers: [OpaquePointer: Transfer] = [:]
        while true {
            let (begun, isClosed) = state.withLock { state in
                defer { state.begun = [] }
                return (state.begun, state.isClosed)
            }
            for exchange in begun {
                let transfer = Transfer(exchange, keepsConnections: keepsConnections)
                transfers[transfer.handle] = transfer
                curl_multi_add_handle(multi, transfer.handle)
            }
            func finish(_ transfer: Transfer, _ failure: HTTPFailure?) {
                curl_multi_remove_handle(multi, transfer.handle)
                transfers[transfer.handle] = nil
                transfer.exchange.finish(failure)
            }
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            while let end = curl_multi_info_read(multi, &count)?.pointee {
                guard end.kind == CURL_MESSAGE_DONE, let transfer = transfers[end.easy] else { continue }
                finish(transfer, transfer.failure(end.result.code))
            }
            let now = ContinuousClock.now
            for transfer in transfers.values {
                if transfer.exchange.isBroken {
                    finish(transfer, nil)
                } else if isClosed {
                    finish(transfer, .interrupted("the session was closed"))
                } else if now - transfer.lastByte >= timeout {
                    finish(transfer, .timedOut)
                }
            }
            if isClosed { return }
            let next = transfers.values.map { $0.lastByte + timeout - now }.min() ?? Self.longestSleep
            let milliseconds = min(next, Self.longestSleep) / .milliseconds(1)
            curl_multi_poll(multi, nil, 0, Int32(max(1, milliseconds.rounded(.up))), nil)
        }
    }

    /// Anything that happens earlier ends the sleep.
    private static let longestSleep = Duration.seconds(60)
}
