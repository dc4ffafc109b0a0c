import Foundation

/// Reads files that describe something (a model, a tokenizer, a recipe, a run) whole: only regular files, and only up to a
/// size that such files never reach.
///
/// A device such as `/dev/zero` never ends, and opening a named pipe waits for somebody to write into it. Corpora and
/// prompts may be pipes; they are read through `JSONLines`.
package enum ConfigurationFile {
    /// The default bound: tables of merges and indexes of shards are a few MiB.
    package static let largest = 64 << 20

    /// The content of a file.
    ///
    /// - Parameter bytes: the most that the file may have
    /// - Throws: `UserError` if the file is missing, is no regular file, is larger, or cannot be read.
    package static func read(_ url: URL, atMost bytes: Int = largest) throws -> Data {
        let file = try OpenFile(regular: url)
        let size = Int(try file.status().st_size)
        guard size <= bytes else { throw tooLarge(url, "\(size) bytes", bytes) }
        // Files of /proc have no size, and a file may grow while it is read: what is read is bounded too.
        var content = Data(capacity: size)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
        defer { chunk.deallocate() }
        while case let count = try file.read(into: chunk), count > 0 {
            guard content.count + count <= bytes else { throw tooLarge(url, "more bytes", bytes) }
            content.append(contentsOf: chunk[..<count])
        }
        try refuseLFSPointer(content, at: url)
        return content
    }

    /// The first bytes of a file, at most `count`.
    /// - Throws: `UserError` if the file is missing, is no regular file, or cannot be read.
    package static func beginning(of url: URL, count: Int) throws -> Data {
        let file = try OpenFile(regular: url)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        defer { buffer.deallocate() }
        return Data(buffer[..<(try file.read(into: buffer))])
    }

    /// A clone without Git LFS has a few lines of text in the place of every large file.
    /// - Throws: `UserError` if `content` is such a pointer.
    package static func refuseLFSPointer(_ content: Data, at url: URL) throws {
        guard content.starts(with: "version https://git-lfs.github.com/spec/".utf8) else { return }
        throw UserError(
            "is a Git LFS pointer, not the file itself", file: url.relativePath,
            hint: "fetch it in its repository with `git lfs pull`, or download the file", status: .noInput)
    }

    private static func tooLarge(_ url: URL, _ found: String, _ bytes: Int) -> UserError {
        UserError(
            "\(found), more than such a file ever has", file: url.relativePath,
            hint: "at most \(bytes) bytes are read")
    }
}
