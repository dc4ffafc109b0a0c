import Foundation

/// Keeps a directory for one process: an advisory lock on its file `.lock`, which holds the process's number.
///
/// The kernel releases the lock when the value is released or the process dies, however it dies; the file
/// itself stays.
public final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// - Throws: `UserError` with `.temporaryFailure` naming the holder if the lock is held, or the system's
    ///   reason why there can be none.
    public init(directory: URL) throws {
        let url = directory.appendingPathComponent(".lock")
        let file = try OpenFile(url, flags: O_RDWR | O_CREAT)
        guard try file.lock() else {
            throw UserError(
                "in use by \(try Self.holder(file))", file: directory.relativePath,
                hint: "wait until it ends, or name another directory", status: .temporaryFailure)
        }
        try file.truncate(to: 0)
        try Data("\(getpid())\n".utf8).withUnsafeBytes { try file.write($0) }
        descriptor = file.keepOpen()
    }

    deinit {
        // A child that another thread is just starting may still hold the descriptor: closing alone would not unlock.
        flock(descriptor, LOCK_UN)
        _ = Foundation.close(descriptor)
    }

    private static func holder(_ file: OpenFile) throws -> String {
        var text = [UInt8](repeating: 0, count: 32)
        let count = try text.withUnsafeMutableBytes { try file.read(into: $0) }
        let line = String(decoding: text[..<count], as: UTF8.self).trimmingCharacters(
            in: .whitespacesAndNewlines)
        guard let process = pid_t(line) else { return "another process" }
        return process == getpid() ? "this process (\(process))" : "process \(process)"
    }
}
