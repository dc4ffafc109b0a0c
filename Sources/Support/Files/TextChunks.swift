import Foundation

/// Reads a text file in parts of about a megabyte, each of whole characters, in memory that does not depend on the file.
package final class TextChunks {
    private let source: ByteSource
    private let name: String
    /// Whether the text is taken as it is, byte for byte; else `\r\n` is read as `\n` and a byte-order mark is skipped.
    private let isRaw: Bool
    /// What was read and not given yet, at most a few bytes between two calls.
    private var rest: [UInt8] = []
    private var offset = 0
    private var line = 1
    private var atEnd = false

    /// Bytes read at once.
    package static let chunkBytes = 1 << 20

    /// - Throws: `UserError` if the file is missing, is a directory or cannot be read
    package init(contentsOf url: URL, isRaw: Bool = false) throws {
        name = url.relativePath
        self.isRaw = isRaw
        source = try ByteSource(url)
    }

    /// The next part, or nil at the end. Parts are not empty.
    ///
    /// - Throws: `UserError` naming the line if the text is not valid UTF-8
    package func next() throws -> [UInt8]? {
        while !atEnd {
            var bytes = rest
            let kept = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: Self.chunkBytes))
            let count = try bytes.withUnsafeMutableBytes {
                try source.read(into: .init(rebasing: $0[kept...]))
            }
            bytes.removeLast(Self.chunkBytes - count)
            atEnd = count == 0
            rest = atEnd ? [] : Self.unfinished(&bytes, isRaw: isRaw)
            try validate(bytes)
            let begins = offset == 0
            offset += bytes.count
            if !isRaw {
                if begins, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
                Self.removeCarriageReturns(from: &bytes)
            }
            if !bytes.isEmpty { return bytes }
        }
        return nil
    }

    /// Removes from the end of `bytes` what may continue in the next part: a character, or a line break of two bytes.
    private static func unfinished(_ bytes: inout [UInt8], isRaw: Bool) -> [UInt8] {
        var count = 0
        if !isRaw, bytes.last == 0x0D { count = 1 }
        // A character has 4 bytes at most: look for one that begins in the last 3.
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            if length > back { count = back }
            break
        }
        defer { bytes.removeLast(count) }
        return Array(bytes.suffix(count))
    }

    private static func removeCarriageReturns(from bytes: inout [UInt8]) {
        guard bytes.contains(0x0D) else { return }
        var kept = 0
        for index in bytes.indices {
            if bytes[index] == 0x0D, index + 1 < bytes.count, bytes[index + 1] == 0x0A { continue }
            bytes[kept] = bytes[index]
            kept += 1
        }
        bytes.removeLast(bytes.count - kept)
    }

    private func validate(_ bytes: [UInt8]) throws {
        let fault = bytes.withUnsafeBytes { UTF8Validation.firstFault(in: $0) }
        let sound = bytes[..<(fault ?? bytes.count)]
        line += sound.count { $0 == 0x0A }
        guard let fault else { return }
        let start = sound.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        throw UserError(
            "not valid UTF-8 at byte \(fault - start + 1)", file: name, line: line,
            hint: "save the file as UTF-8")
    }
}

extension TextChunks {
    /// The whole of a text file.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are read
    ///   - what: what the file is, for the message about a longer one, such as "a table"
    ///   - hint: what to do about a longer one
    /// - Throws: as `next()`, and `UserError` for a longer file
    package static func text(of url: URL, limit: Int, what: String, hint: String) throws -> String {
        let chunks = try TextChunks(contentsOf: url)
        var bytes: [UInt8] = []
        while let chunk = try chunks.next() {
            bytes += chunk
            guard bytes.count <= limit else {
                throw UserError("\(what) longer than \(limit) bytes", file: url.relativePath, hint: hint)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
