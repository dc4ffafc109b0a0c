/// The escapes in JSON strings (RFC 8259, section 7): what all our scanners of JSON read them with.
package enum JSONEscape {
    /// What is wrong with an escape.
    package enum Fault: Error {
        /// The text ends inside the escape.
        case cut
        /// No escape has this letter.
        case unknown
        /// `\u` is not followed by four hexadecimal digits.
        case notHexadecimal
        /// One surrogate without the other: no character.
        case halfSurrogatePair
    }

    /// Reads what follows a backslash, with the second half of a surrogate pair where there is one.
    ///
    /// - Parameters:
    ///   - bytes: the text
    ///   - index: behind the backslash; afterwards behind the escape or, on a fault, where reading stopped
    /// - Throws: `Fault`
    package static func scalar(
        in bytes: UnsafeRawBufferPointer, at index: inout Int
    ) throws(Fault) -> Unicode.Scalar {
        guard index < bytes.count else { throw .cut }
        let kind = bytes[index]
        index += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw .unknown
        }
        let first = try codeUnit(bytes, &index)
        if let scalar = Unicode.Scalar(first) { return scalar }
        // A character beyond U+FFFF is written as two surrogates, the high one first.
        if first < 0xDC00, skip("\\", bytes, &index), skip("u", bytes, &index) {
            let second = try codeUnit(bytes, &index)
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        throw .halfSurrogatePair
    }

    private static func skip(
        _ character: Unicode.Scalar, _ bytes: UnsafeRawBufferPointer, _ index: inout Int
    ) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private static func codeUnit(
        _ bytes: UnsafeRawBufferPointer, _ index: inout Int
    ) throws(Fault) -> UInt32 {
        guard index + 4 <= bytes.count else { throw .cut }
        var value: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw .notHexadecimal
            }
            value = value << 4 | UInt32(digit)
        }
        index += 4
        return value
    }
}
