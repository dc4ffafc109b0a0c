import Foundation

/// An open file descriptor with the name it was opened by. Closed at the latest when it is released.
package final class OpenFile {
    package let url: URL
    let access: FileAccess
    package let descriptor: Int32
    private var isOpen = true

    /// - Parameter flags: `open(2)` flags; `O_CLOEXEC` is added.
    package init(_ url: URL, flags: Int32, mode: mode_t = 0o666) throws {
        self.url = url
        access = flags & O_ACCMODE == O_RDONLY ? .reading : .writing
        let problem = access == .reading ? "cannot open" : "cannot create"
        descriptor = try check({ [access] in .system($0, problem, at: url, while: access) }) {
            Foundation.open(url.path, flags | O_CLOEXEC, mode)
        }
    }

    /// Opens a regular file for reading. Anything else is refused without waiting: a directory, a device, and a named
    /// pipe without a writer.
    ///
    /// - Throws: `UserError` that names what the file is instead.
    convenience init(regular url: URL) throws {
        try self.init(url, flags: O_RDONLY | O_NONBLOCK)
        let status = try status()
        if status.isDirectory {
            throw UserError.system(EISDIR, "cannot read", at: url, while: .reading)
        }
        guard status.isRegular else {
            throw UserError(
                "is \(status.kind)", file: url.relativePath, hint: "a regular file is expected",
                status: .noInput)
        }
    }

    deinit {
        if isOpen { _ = Foundation.close(descriptor) }
    }

    private func failure(_ problem: String) -> (Int32) -> UserError {
        { [url, access] in .system($0, problem, at: url, while: access) }
    }

    package func status() throws -> stat {
        var result = stat()
        try check(failure("cannot inspect")) { fstat(descriptor, &result) }
        return result
    }

    /// Reads up to `buffer.count` bytes; 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try check(failure("cannot read")) { Foundation.read(descriptor, buffer.baseAddress, buffer.count) }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while rest.count > 0 {
            let written = try check(failure("cannot write")) {
                Foundation.write(descriptor, rest.baseAddress, rest.count)
            }
            rest = .init(rebasing: rest[written...])
        }
    }

    /// Waits until the disk holds what was written. Pipes and devices have nothing to wait for.
    package func synchronize() throws {
        try check(failure("cannot write")) {
            let result = fsync(descriptor)
            return result < 0 && (errno == EINVAL || errno == EROFS) ? 0 : result
        }
    }

    package func truncate(to length: Int) throws {
        try check(failure("cannot shorten")) { ftruncate(descriptor, off_t(length)) }
    }

    /// Closes, and reports errors that some file systems report only now: a full disk.
    package func close() throws {
        guard isOpen else { return }
        isOpen = false
        // After EINTR the descriptor is closed on Linux: trying again could close somebody else's.
        if Foundation.close(descriptor) < 0, errno != EINTR { throw failure("cannot write")(errno) }
    }

    /// Hands the descriptor to the caller, who closes it.
    func keepOpen() -> Int32 {
        isOpen = false
        return descriptor
    }

    /// Makes a renamed or new entry of `directory` survive a power failure.
    static func synchronize(directory: URL) throws {
        let directory = try OpenFile(directory, flags: O_RDONLY | O_DIRECTORY)
        try directory.synchronize()
        try directory.close()
    }
}

extension stat {
    var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    var isSymbolicLink: Bool { st_mode & S_IFMT == S_IFLNK }

    /// The kind of file, for messages.
    var kind: String {
        switch st_mode & S_IFMT {
        case S_IFREG: "a regular file"
        case S_IFDIR: "a directory"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }

    /// The status of the file at `url` (behind symbolic links, if `following`); nil if there is none.
    init?(at url: URL, following: Bool = true, while access: FileAccess = .writing) throws {
        self.init()
        var copy = self
        let result = following ? statFollowing(url.path, &copy) : lstat(url.path, &copy)
        if result < 0 {
            if errno == ENOENT { return nil }
            throw UserError.system(errno, "cannot inspect", at: url, while: access)
        }
        self = copy
    }
}

/// `stat(2)` under a name that does not collide with the structure's.
private func statFollowing(_ path: String, _ result: inout stat) -> Int32 { stat(path, &result) }
