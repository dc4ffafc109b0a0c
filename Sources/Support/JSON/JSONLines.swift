import Foundation

/// Reads a file of JSON values, one a line, in memory that depends on the longest line and not on the file.
///
/// Blank lines are passed over but counted; `\r\n` ends a line as `\n` does; a byte-order mark is skipped.
/// ```swift
/// let lines = try JSONLines(contentsOf: url)
/// while let line = try lines.next() {
///     records.append(try line.decode(Record.self))
/// }
/// ```
package final class JSONLines {
    /// One line that is not blank.
    package struct Line {
        /// The file, as messages name it.
        package let file: String
        /// One-based.
        package let number: Int
        /// Where the line begins in the file.
        package let offset: Int
        /// Valid UTF-8, without the line break.
        package let bytes: Data

        /// The same place with another value, which was made of the line's.
        package func holding(_ bytes: Data) -> Line {
            Line(file: file, number: number, offset: offset, bytes: bytes)
        }
    }

    /// A longer line is a file of another kind: nothing we read has records of this size.
    package static let longestLine = 1 << 26

    private let file: ByteSource
    /// How messages name the file; taken from the URL once, since that costs more than reading a short line.
    private let name: String
    private var buffer: UnsafeMutableRawBufferPointer
    /// The unread bytes of `buffer`.
    private var pending = 0..<0
    /// Where `pending` begins in the file.
    private var offset = 0
    private var number = 0
    private var atEnd = false

    /// - Parameter url: compressed where its name ends in `.gz`
    /// - Throws: `UserError` if the file is missing, is a directory or cannot be read.
    package init(contentsOf url: URL) throws {
        name = url.relativePath
        file = try ByteSource(url)
        buffer = .allocate(byteCount: 1 << 18, alignment: 64)
    }

    deinit {
        buffer.deallocate()
    }

    /// The next line that is not blank, or nil at the end.
    /// - Throws: `UserError` naming file, line and byte if the line is not valid UTF-8.
    package func next() throws -> Line? {
        while let (range, start) = try nextRange() {
            number += 1
            var bytes = UnsafeRawBufferPointer(rebasing: buffer[range])
            var begin = start
            if start == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
                bytes = .init(rebasing: bytes[3...])
                begin = 3
            }
            if bytes.last == UInt8(ascii: "\r") { bytes = .init(rebasing: bytes.dropLast()) }
            if bytes.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) { continue }
            if let fault = UTF8Validation.firstFault(in: bytes) {
                throw UserError(
                    "not valid UTF-8 at byte \(begin - start + fault + 1)", file: name,
                    line: number, hint: "save the file as UTF-8")
            }
            return Line(file: name, number: number, offset: begin, bytes: Data(bytes))
        }
        return nil
    }

    /// How many lines of a file are not blank.
    /// - Throws: As `init(contentsOf:)` and `next()`.
    package static func count(of url: URL) throws -> Int {
        let lines = try JSONLines(contentsOf: url)
        var count = 0
        while try lines.next() != nil { count += 1 }
        return count
    }

    /// Runs `body` on each line that is not blank, from the next one on.
    /// - Throws: As `next()`, and what `body` throws.
    package func forEach(_ body: (Line) throws -> Void) throws {
        while let line = try next() { try body(line) }
    }

    /// The next line's place in `buffer`, without its line break, and in the file.
    private func nextRange() throws -> (Range<Int>, offset: Int)? {
        var searched = 0
        while true {
            let unsearched = pending.dropFirst(searched)
            if let found = memchr(buffer.baseAddress! + unsearched.startIndex, 10, unsearched.count) {
                let end = UnsafeRawPointer(found) - UnsafeRawPointer(buffer.baseAddress!)
                return take(pending.lowerBound..<end, with: 1)
            }
            searched = pending.count
            if atEnd { return pending.isEmpty ? nil : take(pending, with: 0) }
            try fill()
        }
    }

    private func take(_ range: Range<Int>, with lineBreak: Int) -> (Range<Int>, offset: Int) {
        defer {
            offset += range.count + lineBreak
            pending = range.upperBound + lineBreak..<pending.upperBound
        }
        return (range, offset)
    }

    /// Reads more behind `pending`, moved to the buffer's start; the buffer doubles when a line fills it.
    private func fill() throws {
        if pending.count == buffer.count {
            guard buffer.count < Self.longestLine else {
                throw UserError(
                    "a line longer than \(Self.longestLine) bytes", file: name,
                    line: number + 1, hint: "one JSON value a line is expected")
            }
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * buffer.count, alignment: 64)
            larger.copyMemory(from: .init(buffer))
            buffer.deallocate()
            buffer = larger
        } else if pending.lowerBound > 0 {
            let count = pending.count
            memmove(buffer.baseAddress!, buffer.baseAddress! + pending.lowerBound, count)
            pending = 0..<count
        }
        let count = try file.read(into: .init(rebasing: buffer[pending.upperBound...]))
        atEnd = count == 0
        pending = pending.lowerBound..<pending.upperBound + count
    }
}

extension JSONLines.Line {
    /// The line as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Decodes the line.
    /// - Throws: `UserError` naming file, line and, where the JSON is sound, the key at fault.
    package func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: bytes, inLine: number, of: file)
    }

    /// An error at this line.
    package func error(_ problem: String, hint: String? = nil) -> UserError {
        UserError(problem, file: file, line: number, hint: hint)
    }
}

extension JSONDecoder {
    /// Decodes a line of a file.
    ///
    /// - Throws: `UserError` naming file, line and, where the JSON is sound, the key at fault.
    package func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: Data, inLine line: Int, of file: String?
    ) throws -> Value {
        do { return try decode(type, from: bytes) } catch let error as DecodingError {
            throw UserError(error.explanation, file: file, line: line)
        }
    }
}
