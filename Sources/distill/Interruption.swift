import Foundation
import Synchronization

/// Ctrl-C: ends the answer that is being written, and the program when there is none.
enum Interruption {
    private static let isWriting = Atomic<Bool>(false)
    private static let wasRequested = Atomic<Bool>(false)

    /// Takes Ctrl-C over from the system.
    static func install() {
        signal(SIGINT) { _ in
            // Only lock-free atomics and _exit: this is a signal handler.
            if Interruption.isWriting.load(ordering: .relaxed) {
                Interruption.wasRequested.store(true, ordering: .relaxed)
            } else {
                _exit(128 + SIGINT)
            }
        }
    }

    /// True once Ctrl-C was pressed during the answer that is being written.
    static var isRequested: Bool { wasRequested.load(ordering: .relaxed) }

    /// Lets Ctrl-C end `body` alone.
    static func catching<R>(_ body: () throws -> R) rethrows -> R {
        wasRequested.store(false, ordering: .relaxed)
        isWriting.store(true, ordering: .relaxed)
        defer { isWriting.store(false, ordering: .relaxed) }
        return try body()
    }
}
