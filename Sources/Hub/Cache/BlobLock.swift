import Foundation
import Support

/// Keeps a blob for one process, as the lock of huggingface_hub does (`flock` on a file in `.locks`): one process downloads, others wait.
final class BlobLock {
    private let file: OpenFile

    /// - Parameters:
    ///   - waiting: called once if another process holds the lock
    /// - Throws: `UserError` if there can be no lock.
    init(_ url: URL, waiting: () -> Void) throws {
        try FileManager.default.createDirectories(at: url.deletingLastPathComponent())
        var hasWaited = false
        while true {
            // Users who share a cache wait for each other's locks, which they need not be able to write.
            let file = try OpenFile(url, flags: O_RDONLY | O_CREAT, mode: 0o664)
            // Without locks on a file system, two processes download the same: the blob gets its name by one rename.
            if try file.lock(), try Self.isCurrent(file) {
                self.file = file
                return
            }
            if !hasWaited { waiting() }
            hasWaited = true
            try Interruption.check()
            usleep(100_000)
        }
    }

    deinit { flock(file.descriptor, LOCK_UN) }

    /// Whether the locked file is still the one of that name: who holds it may delete it.
    private static func isCurrent(_ file: OpenFile) throws -> Bool {
        var named = stat()
        guard stat(file.url.path, &named) == 0 else { return false }
        let own = try file.status()
        return named.st_ino == own.st_ino && named.st_dev == own.st_dev
    }
}
