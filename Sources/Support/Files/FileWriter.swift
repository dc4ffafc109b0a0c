import Foundation

/// Writes a file front to back through a buffer. `AtomicFile.write(to:_:)` makes one and finishes it.
public struct FileWriter: ~Copyable {
    /// Many small writes become one system call; larger blocks bypass the buffer.
    private static let capacity = 1 << 18

    private let file: OpenFile
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    private var filled = 0
    /// Bytes written so far.
    public private(set) var position = 0

    init(_ file: OpenFile) {
        self.file = file
    }

    deinit {
        buffer.deallocate()
    }

    /// Writes bytes.
    /// - Throws: `UserError` naming the file and the system's reason.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        if bytes.count > buffer.count - filled { try flush() }
        if bytes.count >= buffer.count {
            try file.write(bytes)
        } else if bytes.count > 0 {
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: bytes)
            filled += bytes.count
        }
        position += bytes.count
    }

    /// Writes bytes.
    /// - Throws: `UserError` naming the file and the system's reason.
    public mutating func write(_ data: Data) throws {
        try data.withUnsafeBytes { try write($0) }
    }

    /// Writes text as UTF-8.
    /// - Throws: `UserError` naming the file and the system's reason.
    public mutating func write(_ text: String) throws {
        try write(Data(text.utf8))
    }

    /// Writes the bytes of a file.
    /// - Throws: `UserError` naming the file that cannot be read or written, and the system's reason.
    package mutating func write(contentsOf url: URL) throws {
        let source = try OpenFile(regular: url)
        try flush()
        while case let count = try source.read(into: buffer), count > 0 {
            filled = count
            position += count
            try flush()
        }
    }

    mutating func flush() throws {
        try file.write(.init(rebasing: buffer[..<filled]))
        filled = 0
    }
}
