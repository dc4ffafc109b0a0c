import Foundation
import Support

/// Standard output and standard error of the command.
///
/// Results go to standard output: losing them is an error (`EX_IOERR`), except that a reader who has gone, as in
/// `distill … | head`, ends the command quietly, as it ends others. What is for people goes to standard error: losing that
/// changes nothing.
enum Console {
    /// Makes sure that the three standard streams are open and that a reader who goes is noticed by a failing write.
    ///
    /// Of a stream that was closed (`2>&-`) the number would be given to the next file, and messages would be written into
    /// it. Called before anything is opened.
    static func prepare() {
        for (descriptor, flags) in [(0, O_WRONLY), (1, O_RDONLY), (2, O_WRONLY)] as [(Int32, Int32)]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest free number is this one. Reading input or writing results fails as on a closed stream.
            _ = open("/dev/null", flags)
        }
        // A handler and not SIG_IGN, which programs that we start would inherit.
        signal(SIGPIPE) { _ in }
    }

    /// Prints lines of text, safe for a terminal.
    /// - Throws: `UserError` when standard output cannot be written
    static func print(_ text: String) throws {
        try write(text.terminalSafe(keepingLines: true) + "\n")
    }

    /// Prints lines that may contain our own colours: what comes from elsewhere has been made safe.
    /// - Throws: `UserError` when standard output cannot be written
    static func print(styled text: String) throws { try write(text + "\n") }

    /// Writes text as it is.
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

    /// Writes a result to a file, or to standard output where `-` is its name.
    static func write(_ data: Data, toFile path: String) throws {
        guard path == StandardStreams.name else { return try AtomicFile.write(data, to: URL(filePath: path)) }
        try data.withUnsafeBytes { try write($0) }
    }

    /// Prints what was written to a file; to standard error where standard output has the file itself.
    static func summarize(_ text: String, of path: String) throws {
        if path == StandardStreams.name { tell(text) } else { try print(text) }
    }

    /// Writes a line to standard error, safe for a terminal.
    static func tell(_ text: String) { tell(styled: text.terminalSafe(keepingLines: true) + "\n") }

    /// Writes to standard error what may contain our own colours and movements of the cursor.
    static func tell(styled text: String) {
        var text = text
        text.withUTF8 { _ = send(UnsafeRawBufferPointer($0), to: 2) }
    }

    /// Writes all bytes, waiting where a stream that does not block is full.
    /// - Returns: nil, or the system's error
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
