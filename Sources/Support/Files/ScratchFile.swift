import Foundation

/// A file without a name: room for what is too large for memory. The disk takes it back when the value is released or the
/// process ends, however it ends.
///
/// It is read by `pread(2)` and not mapped: mapped pages would count as memory of the process, and a disk that fails
/// would end the process with SIGBUS where `read` throws.
package final class ScratchFile: Sendable {
    private let descriptor: Int32
    private let directory: URL

    /// - Throws: `UserError` naming the directory, when no file can be made in it
    package init(in directory: URL) throws {
        self.directory = directory
        let url = TemporaryNames.reserve(for: directory.appending(path: "scratch"))
        defer { TemporaryNames.release(url) }
        do {
            descriptor = try OpenFile(url, flags: O_RDWR | O_CREAT | O_EXCL | O_APPEND, mode: 0o600)
                .keepOpen()
        } catch var error as UserError {
            error.file = directory.relativePath
            if directory.standardizedFileURL == URL.temporaryDirectory.standardizedFileURL {
                error.hint = "name a directory for temporary files with the environment variable TMPDIR"
            }
            throw error
        }
        unlink(url.path)
    }

    deinit { close(descriptor) }

    /// Writes behind what was written before.
    ///
    /// - Throws: `UserError` naming the directory, when the disk is full or fails
    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let written = try check(failure("cannot write a temporary file", .writing)) {
                write(descriptor, rest.baseAddress, rest.count)
            }
            rest = .init(rebasing: rest[written...])
        }
    }

    /// Fills a buffer with the bytes at `offset`, all of which must have been written. Any number of threads may read at
    /// once.
    ///
    /// - Throws: `UserError` naming the directory, when the disk fails
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
        var (rest, offset) = (buffer, offset)
        while !rest.isEmpty {
            let count = try check(failure("cannot read a temporary file", .reading)) {
                pread(descriptor, rest.baseAddress, rest.count, off_t(offset))
            }
            precondition(count > 0, "read behind the end of a scratch file")
            rest = .init(rebasing: rest[count...])
            offset += count
        }
    }

    private func failure(_ problem: String, _ access: FileAccess) -> (Int32) -> UserError {
        { [directory] in .system($0, problem, at: directory, while: access) }
    }
}
