import Foundation
import Support

/// Transforms lines from standard input to standard output as bytes, without creating strings. On a terminal, control
/// characters are escaped.
enum ByteLines {
    /// Bytes per read. Output is written after each read, so that a pipe does not wait.
    private static let chunk = 1 << 20
    private static let newline = UInt8(ascii: "\n")

    /// Calls `body` with all complete lines read so far, without line ends, and writes what it returns. `first` is the
    /// line number of the first of them, from 1.
    static func transform(
        _ body: (_ lines: [UnsafeBufferPointer<UInt8>], _ first: Int) throws -> [UInt8]
    ) throws {
        let isWatched = isatty(Terminal.standardOutput) == 1
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 64)
        defer { room.deallocate() }
        var pending: [UInt8] = []
        var number = 1
        while true {
            let start = pending.count
            let count = try read(into: &pending, through: room)
            let end =
                count == 0 ? pending.count : (pending[start...].lastIndex(of: newline).map { $0 + 1 } ?? 0)
            if end > 0 {
                let (output, lineCount) = try pending.withUnsafeBufferPointer { bytes in
                    let lines = split(UnsafeBufferPointer(rebasing: bytes[..<end]))
                    return (try body(lines, number), lines.count)
                }
                number += lineCount
                try output.withUnsafeBytes { bytes in
                    guard isWatched else { return try Console.write(bytes) }
                    try Console.write(String(decoding: bytes, as: UTF8.self).terminalSafe(keepingLines: true))
                }
                pending.removeFirst(end)
            }
            if count == 0 { return }
        }
    }

    private static func split(_ bytes: UnsafeBufferPointer<UInt8>) -> [UnsafeBufferPointer<UInt8>] {
        var lines: [UnsafeBufferPointer<UInt8>] = []
        var start = 0
        while start < bytes.count {
            let found = memchr(bytes.baseAddress! + start, Int32(newline), bytes.count - start)
            let end = found.map { UnsafeRawPointer($0) - UnsafeRawPointer(bytes.baseAddress!) } ?? bytes.count
            lines.append(UnsafeBufferPointer(rebasing: bytes[start..<end]))
            start = end + 1
        }
        return lines
    }

    /// Appends the available bytes and returns their number; 0 at the end of the input.
    private static func read(
        into buffer: inout [UInt8], through room: UnsafeMutableRawBufferPointer
    ) throws -> Int {
        var count = 0
        repeat { count = Foundation.read(0, room.baseAddress, room.count) } while count < 0 && errno == EINTR
        guard count >= 0 else {
            throw UserError(
                "cannot read standard input: \(String(cString: strerror(errno)))", status: .inputOutput)
        }
        buffer.append(contentsOf: room[..<count])
        return count
    }

    /// Non-negative numbers in decimal, separated by spaces.
    static func decimal(_ numbers: [Int32]) -> [UInt8] {
        // An Int32 has at most ten digits.
        [UInt8](unsafeUninitializedCapacity: 11 * numbers.count) { output, count in
            for number in numbers {
                precondition(number >= 0, "a negative number")
                if count > 0 {
                    output[count] = UInt8(ascii: " ")
                    count += 1
                }
                var (rest, digits) = (number, 1)
                while rest >= 10 { (rest, digits) = (rest / 10, digits + 1) }
                rest = number
                for place in (count..<count + digits).reversed() {
                    output[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                count += digits
            }
        }
    }

}
