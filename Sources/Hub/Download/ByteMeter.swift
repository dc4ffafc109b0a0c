import Foundation
import Support
import Synchronization

/// Progress of a download in bytes, as events for the progress line.
final class ByteMeter: Sendable {
    private let stage: String
    private let unit: (name: String, bytes: Int)
    nonisolated(unsafe) private let handler: ProgressHandler
    /// Bytes of files that are done.
    private let finished = Mutex(0)

    init(_ stage: String, total: Int, _ handler: @escaping ProgressHandler) {
        (self.stage, self.handler) = (stage, handler)
        unit = total < 10_000_000 ? ("kB", 1000) : ("MB", 1_000_000)
        handler(.began(stage: stage, total: total / unit.bytes, unit: unit.name))
    }

    /// The listener of a file's download. It is called by one thread at a time, while the one that asked for it waits.
    func file() -> @Sendable (Int) -> Void {
        { [self] bytes in report(finished.withLock { $0 } + bytes) }
    }

    func end(file bytes: Int) {
        report(
            finished.withLock {
                $0 += bytes
                return $0
            })
    }

    func finish(_ summary: String) { handler(.finished(stage: stage, summary: summary)) }

    private func report(_ bytes: Int) {
        handler(.advanced(stage: stage, done: bytes / unit.bytes, tokens: 0, loss: nil))
    }

    func text(_ bytes: Int) -> String { Self.text(bytes) }

    /// `270.6 MB`.
    static func text(_ bytes: Int) -> String {
        for (name, size) in [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where Double(bytes) >= size
        {
            return String(format: "%.1f \(name)", Double(bytes) / size)
        }
        return "\(bytes) bytes"
    }
}
