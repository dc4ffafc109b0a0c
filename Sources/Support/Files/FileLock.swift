import Foundation

/// Keeps a file or a directory for one process: an advisory lock, released with the value or when the process dies, however it dies.
package final class FileLock: Sendable {
    private let descriptor: Int32

    /// Locks the file; an empty one is made if there is none.
    ///
    /// - Throws: `UserError` with `.temporaryFailure` if another process holds it, or the system's reason
    package convenience init(_ url: URL) throws {
        try self.init(OpenFile(url, flags: O_RDWR | O_CREAT))
    }

    /// Locks the directory, which must exist.
    ///
    /// - Throws: `UserError` with `.temporaryFailure` if another process holds it, or the system's reason
    package convenience init(directory: URL) throws {
        try self.init(OpenFile(directory, flags: O_RDONLY | O_DIRECTORY))
    }

    private init(_ file: OpenFile) throws {
        guard try file.lock() else {
            throw UserError(
                "is being written by another process", file: file.url.relativePath,
                hint: "wait until it ends, or name another", status: .temporaryFailure)
        }
        descriptor = file.keepOpen()
    }

    deinit {
        // A child that another thread is just starting may still hold the descriptor: closing alone would not unlock.
        flock(descriptor, LOCK_UN)
        _ = Foundation.close(descriptor)
    }
}

extension OpenFile {
    /// Takes the file's lock; false if another process holds it.
    package func lock() throws -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw UserError.system(errno, "cannot lock", at: url, while: .writing)
    }
}
