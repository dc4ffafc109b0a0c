import Foundation
import Support
import Tensors

/// Held while a test sets the number of threads: tests run side by side in one process.
private let threadsLock = NSRecursiveLock()

/// Runs `body` with `Parallel.threads` set, and sets it back. Other tests may run meanwhile: their results may
/// not depend on the number of threads, which is what these tests show.
public func withThreads<R>(_ count: Int, _ body: () throws -> R) rethrows -> R {
    threadsLock.lock()
    let before = Parallel.threads
    Parallel.threads = count
    defer {
        Parallel.threads = before
        threadsLock.unlock()
    }
    return try body()
}

/// True where loops can be cut for two threads; tests of that say so instead of passing emptily.
public let hasTwoThreads = withThreads(2) { Parallel.threads == 2 }
