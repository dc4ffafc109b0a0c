import Foundation
import Support

/// Standard output and standard error of the command.
///
/// Results go to standard output. A failed write is an error (`EX_IOERR`), except that a closed pipe, as in
/// `distill … | head`, ends the command by SIGPIPE like other commands. Progress and notes go to standard error, where a
/// failed write is ignored.
enum Console {
    /// Ensures that the three standard streams are open and that a closed pipe is reported by a failing write.
    ///
    /// The descriptor of a closed stream (`2>&-`) would be reused for the next file, and messages would be written into that
    /// file. Call before opening anything.
    static func prepare() {
        for (descriptor, flags) in [(0, O_WRONLY), (1, O_RDONLY), (2, O_WRONLY)] as [(Int32, Int32)]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // This is the lowest free descriptor. Reads and writes fail as on a closed stream.
            _ = open("/dev/null", flags)
        }
        // A handler rather than SIG_IGN, which child processes would inherit.
        signal(SIGPIPE) { _ in }
    }

    /// Prints lines of text, with control characters escaped.
    /// - Throws: `UserError` when standard output cannot be written
    static func print(_ text: String) throws {
        try write(text.terminalSafe(keepingLines: true) + "\n")
    }

    /// Prints lines that may contain colours; the caller has escaped text from elsewhere.
    /// - Throws: `UserError` when standard output cannot be written
    static func print(styled text: String) throws { try write(text + "\n") }

    /// Writes text unchanged.
    /// - Throws: `UserError` when standard output cannot be written
    static func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
    }

    /// Writes bytes to standard output.
    /// - Throws: `UserError` when standard output cannot be written
    static func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard let code = Self.send(bytes, to: 1) else { return }
        if code == EPIPE {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        throw UserError(
            "cannot write standard output: \(String(cString: strerror(code)))", status: .inputOutput)
    }

    /// Writes bytes and a line break to standard output.
    /// - Throws: `UserError` when standard output cannot be written
    static func write(line: Data) throws {
        try (line + Data("\n".utf8)).withUnsafeBytes { try write($0) }
    }

    /// Writes a result to a file, or to standard output when the path is `-`.
    static func write(_ data: Data, toFile path: String) throws {
        guard path == StandardStreams.name else { return try AtomicFile.write(data, to: URL(filePath: path)) }
        try data.withUnsafeBytes { try write($0) }
    }

    /// Prints a summary of a written file; to standard error when the file went to standard output.
    static func summarize(_ text: String, of path: String) throws {
        if path == StandardStreams.name { tell(text) } else { try print(text) }
    }

    /// Writes a line to standard error, with control characters escaped.
    static func tell(_ text: String) { tell(styled: text.terminalSafe(keepingLines: true) + "\n") }

    /// Writes to standard error text that may contain colours and cursor movements.
    static func tell(styled text: String) {
        var text = text
        text.withUTF8 { _ = send(UnsafeRawBufferPointer($0), to: 2) }
    }

    /// Writes all bytes; waits when a non-blocking stream is full.
    /// - Returns: nil on success, else `errno`.
    private static func send(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
        var rest = bytes
        while !rest.isEmpty {
            let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = .init(rebasing: rest[count...])
            } else if errno == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&ready, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
