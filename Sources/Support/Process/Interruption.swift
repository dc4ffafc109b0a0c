import Foundation
import Synchronization

/// The error of work that was stopped by a signal after it had saved what it could.
public struct Interrupted: Error {
    /// The error; it carries nothing.
    public init() {}
}

/// Ends the process on Ctrl-C, SIGTERM and SIGHUP without leaving anything behind, and lets long work save itself first.
///
///     try Interruption.saving {
///         while position < end {
///             step()
///             if Interruption.isRequested { save(); throw Interrupted() }
///         }
///     }
///
/// Outside of such work a signal removes the temporary files of this process and ends it at once; a second signal does
/// so everywhere. The exit code is 128 and the signal's number. A program that does not call `install` keeps the
/// system's way with signals.
public enum Interruption {
    /// The signal that came; 0 for none.
    private static let received = Atomic<Int32>(0)
    /// Nested calls of `saving` that are running.
    private static let savers = Atomic<Int>(0)
    /// Whether `stopping` is running.
    private static let isStoppable = Atomic<Bool>(false)
    /// The end of the pipe that the signal handler writes to.
    private static let wakeup = Atomic<Int32>(-1)
    private static let advice = Mutex<String?>(nil)
    private static let restore = Mutex<(@Sendable () -> Void)?>(nil)
    /// Held by the thread that ends the process.
    private static let ending = Mutex<Void>(())

    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// Takes the signals over. One that is ignored already, as under `nohup`, stays ignored.
    public static func install() {
        var ends: [Int32] = [-1, -1]
        guard wakeup.load(ordering: .relaxed) < 0, pipe(&ends) == 0 else { return }
        ends.forEach { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
        wakeup.store(ends[1], ordering: .relaxed)
        // Lazily made globals must be there before a handler reads them.
        _ = (received.load(ordering: .relaxed), isStoppable.load(ordering: .relaxed))
        let reading = ends[0]
        let watcher = Thread { watch(reading) }
        watcher.stackSize = 1 << 18
        watcher.start()
        for signal in signals {
            var action = sigaction()
            sigaction(signal, nil, &action)
            if action.__sigaction_handler.sa_handler.map({ unsafeBitCast($0, to: Int.self) }) == ignored {
                continue
            }
            action = Foundation.sigaction()
            action.__sigaction_handler.sa_handler = { signal in
                // Only lock-free atomics and write(2): this is a signal handler.
                let code = errno
                Interruption.received.store(signal, ordering: .relaxed)
                if signal != SIGINT || !Interruption.isStoppable.load(ordering: .relaxed) {
                    var byte = UInt8(truncatingIfNeeded: signal)
                    _ = write(Interruption.wakeup.load(ordering: .relaxed), &byte, 1)
                }
                errno = code
            }
            action.sa_flags = Int32(SA_RESTART)
            sigaction(signal, &action, nil)
        }
    }

    /// `SIG_IGN` as a number.
    private static var ignored: Int { 1 }

    /// The part of the message about how to resume, such as "run the same command again to resume".
    public static func advise(_ text: String?) { advice.withLock { $0 = text } }

    /// Called before the message of a signal that ends the process: restores the terminal's modes, clears the progress line.
    public static func restoring(_ body: (@Sendable () -> Void)?) { restore.withLock { $0 = body } }

    /// True once a signal has come.
    public static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

    /// - Throws: `Interrupted` once a signal has come
    public static func check() throws {
        if isRequested { throw Interrupted() }
    }

    /// Runs work that looks at `isRequested` often, saves what it has and throws `Interrupted`: the process ends after it.
    /// - Throws: `Interrupted` if a signal has come already, and what `body` throws.
    public static func saving<R>(_ body: () throws -> R) throws -> R {
        savers.add(1, ordering: .sequentiallyConsistent)
        defer { savers.subtract(1, ordering: .sequentiallyConsistent) }
        try check()
        return try body()
    }

    /// Runs work that Ctrl-C stops without ending the process, such as an answer in a chat.
    public static func stopping<R>(_ body: () throws -> R) rethrows -> R {
        isStoppable.store(true, ordering: .sequentiallyConsistent)
        defer {
            isStoppable.store(false, ordering: .sequentiallyConsistent)
            _ = received.compareExchange(expected: SIGINT, desired: 0, ordering: .sequentiallyConsistent)
        }
        return try body()
    }

    /// Prints what happened, removes unfinished files and ends the process. The first caller does so, others wait for ever.
    public static func end() -> Never {
        ending.withLock { _ in
            let signal = received.load(ordering: .relaxed)
            restore.withLock { $0?() }
            let name = [SIGINT: "interrupted", SIGTERM: "terminated", SIGHUP: "hung up"][signal] ?? "stopped"
            let message = ["distill: \(name)", advice.withLock { $0 }].compactMap { $0 }
            let line = Array("\(message.joined(separator: "; "))\n".utf8)
            _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
            TemporaryNames.removeAll { _exit(128 + signal) }
        }
    }

    /// Ends the process for each signal that no other code handles.
    private static func watch(_ descriptor: Int32) {
        guard nextSignal(descriptor, within: -1) != nil else { return }
        // A second signal does not wait.
        while savers.load(ordering: .sequentiallyConsistent) > 0 {
            if nextSignal(descriptor, within: 20) != nil { break }
        }
        end()
    }

    /// - Parameter milliseconds: how long to wait; -1 for ever
    private static func nextSignal(_ descriptor: Int32, within milliseconds: Int32) -> Int32? {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let count = poll(&ready, 1, milliseconds)
            if count == 0 { return nil }
            var byte: UInt8 = 0
            if count > 0, read(descriptor, &byte, 1) == 1 { return Int32(byte) }
            if errno != EINTR { return nil }
        }
    }
}
