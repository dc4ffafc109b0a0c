import Foundation

/// A file of binary frames that frames are appended to; it stays valid when the process is killed at any moment.
///
/// A frame is its length (8 bytes, little-endian), the SHA-256 of its content, and the content. When the log is opened,
/// frames are read up to the first that is incomplete or damaged; the file is truncated there.
package final class FrameLog {
    private static let headSize = 8 + 32
    private let file: OpenFile
    private let url: URL
    private var byteCount = 0

    /// Opens the log, or creates it.
    ///
    /// - Parameter body: is given each whole frame in order; `false` drops it and all behind it
    /// - Throws: `UserError` where the file cannot be read or written
    package init(at url: URL, _ body: (Data) throws -> Bool) throws {
        self.url = url
        file = try OpenFile(url, flags: O_RDWR | O_CREAT | O_APPEND)
        let content = try MappedFile(contentsOf: url)
        while let frame = Self.frame(in: content, at: byteCount), try body(frame) {
            byteCount += Self.headSize + frame.count
        }
        if content.count > byteCount { try file.truncate(to: byteCount) }
    }

    private static func frame(in content: MappedFile, at start: Int) -> Data? {
        guard content.count - start >= headSize else { return nil }
        let head = [UInt8](content.data(start..<start + headSize))
        let length = head[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(content.count - start - headSize) else { return nil }
        let frame = content.data(start + headSize..<start + headSize + Int(length))
        var hash = SHA256()
        frame.withUnsafeBytes { hash.update($0) }
        return hash.digest() == Array(head[8...]) ? frame : nil
    }

    /// Appends a frame.
    ///
    /// - Throws: `UserError` naming the file and the system's reason; the file then ends as before
    package func append(_ content: Data) throws {
        var hash = SHA256()
        content.withUnsafeBytes { hash.update($0) }
        var head = withUnsafeBytes(of: UInt64(content.count).littleEndian) { Array($0) }
        head += hash.digest()
        do {
            try (Data(head) + content).withUnsafeBytes { try file.write($0) }
        } catch {
            try? file.truncate(to: byteCount)
            throw error
        }
        byteCount += Self.headSize + content.count
    }

    /// Drops all frames.
    /// - Throws: `UserError` naming the file and the system's reason.
    package func clear() throws {
        try file.truncate(to: 0)
        byteCount = 0
    }

    /// Removes the file.
    /// - Throws: The system's error.
    package func remove() throws {
        try FileManager.default.removeItem(at: url)
    }
}
