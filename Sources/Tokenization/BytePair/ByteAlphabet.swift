/// The characters that byte-level vocabularies spell bytes with (GPT-2, Radford et al. 2019).
///
/// Bytes that are visible characters of Latin-1 stand for themselves; the others are U+0100, U+0101, … in their order, so that a
/// space is U+0120 (Ġ) and a line break U+010A (Ċ).
enum ByteAlphabet {
    /// The character of each byte.
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            if isVisible(byte) { return Unicode.Scalar(byte) }
            defer { next += 1 }
            return Unicode.Scalar(next) ?? " "
        }
    }()

    /// The byte of each scalar below U+0144, or -1.
    static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
        return bytes
    }()

    private static func isVisible(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
        default: false
        }
    }

    /// Appends the bytes that a spelling stands for.
    ///
    /// - Parameter spelling: UTF-8
    /// - Returns: false, with nothing appended, if it has a character that stands for no byte.
    static func decode(_ spelling: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) -> Bool {
        let count = output.count
        var index = 0
        while index < spelling.count {
            let first = spelling[index]
            var scalar = Int(first)
            if first >= 0x80 {
                guard first & 0xE0 == 0xC0, index + 1 < spelling.count else { break }
                scalar = Int(first & 0x1F) << 6 | Int(spelling[index + 1] & 0x3F)
                index += 1
            }
            guard scalar < bytes.count, bytes[scalar] >= 0 else { break }
            output.append(UInt8(truncatingIfNeeded: bytes[scalar]))
            index += 1
        }
        if index == spelling.count { return true }
        output.removeLast(output.count - count)
        return false
    }

    /// The spelling of bytes.
    static func spelling(of bytes: some Sequence<UInt8>) -> String {
        var spelling = String.UnicodeScalarView()
        for byte in bytes { spelling.append(scalars[Int(byte)]) }
        return String(spelling)
    }
}
