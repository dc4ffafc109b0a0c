import Foundation

/// A file of JSON lines that lines are appended to; it stays valid when the process is killed at any moment.
///
/// Each line is one `write(2)`. A line that a crash or a full disk left incomplete is removed when the write fails, or when the
/// log is opened again.
package final class AppendLog {
    private let file: OpenFile
    /// Whole lines in the file.
    package private(set) var lineCount: Int
    /// The file's length.
    package private(set) var byteCount: Int

    private static let encoder = JSONEncoder.stable

    /// Opens the log, or creates it. A last line without a line break is dropped.
    ///
    /// - Parameter lines: How many lines to keep: a resumed run drops what it wrote after its last saved state.
    /// - Throws: `UserError` if the file cannot be written, or holds fewer lines than are to be kept.
    package init(at url: URL, truncatingToLines lines: Int? = nil) throws {
        precondition(lines ?? 0 >= 0, "a negative number of lines")
        let isNew = try stat(at: url) == nil
        file = try OpenFile(url, flags: O_RDWR | O_CREAT | O_APPEND)
        guard try file.status().isRegular else {
            throw UserError("not a regular file", file: url.relativePath, status: .cannotCreate)
        }
        (lineCount, byteCount) = try Self.measure(file, atMost: lines ?? .max)
        if let lines, lineCount < lines {
            throw UserError(
                "holds \(lineCount) whole lines where \(lines) are expected", file: url.relativePath,
                hint: "the log was truncated by another program; start the run again from the beginning")
        }
        if try Int(file.status().st_size) > byteCount { try file.truncate(to: byteCount) }
        if isNew { try OpenFile.synchronize(directory: url.absoluteURL.deletingLastPathComponent()) }
    }

    /// Appends `value` as one line, with sorted keys.
    /// - Throws: `UserError` naming the file and the system's reason; the file then ends as before. `EncodingError` for a value that
    ///   JSON cannot represent.
    package func append(_ value: some Encodable) throws {
        try append(line: Self.line(value))
    }

    /// `value` as `append` writes it, without the line break.
    /// - Throws: `EncodingError` for a value that JSON cannot represent.
    package static func line(_ value: some Encodable) throws -> Data { try encoder.encode(value) }

    /// Appends one line of JSON, given without its line break.
    /// - Throws: `UserError` naming the file and the system's reason; the file then ends as before.
    package func append(line: Data) throws {
        precondition(!line.contains(10), "a line break inside a line")
        do {
            try (line + [10]).withUnsafeBytes { try file.write($0) }
        } catch {
            try? file.truncate(to: byteCount)
            throw error
        }
        lineCount += 1
        byteCount += line.count + 1
    }

    /// Waits until the disk holds every line, so that they survive a power failure too.
    /// - Throws: `UserError` naming the file and the system's reason.
    package func synchronize() throws {
        try file.synchronize()
    }

    /// Counts the whole lines, up to `limit`, and their bytes.
    private static func measure(_ file: OpenFile, atMost limit: Int) throws -> (lines: Int, bytes: Int) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { buffer.deallocate() }
        var (lines, bytes, offset) = (0, 0, 0)
        while lines < limit, case let count = try file.read(into: buffer), count > 0 {
            for index in 0..<count where buffer[index] == 10 && lines < limit {
                lines += 1
                bytes = offset + index + 1
            }
            offset += count
        }
        return (lines, bytes)
    }
}
