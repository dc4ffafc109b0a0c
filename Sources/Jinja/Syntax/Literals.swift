/// The content of a string literal, with Python's escapes.
struct StringLiteral {
    private let source: [UInt8]
    private let end: Int
    private var place: Int
    private var result: [UInt8] = []

    init(_ source: [UInt8], _ range: Range<Int>) {
        self.source = source
        place = range.lowerBound
        end = range.upperBound
    }

    mutating func read() throws(JinjaError) -> [UInt8] {
        result.reserveCapacity(end - place)
        while place < end {
            if source[place] == UInt8(ascii: "\\"), place + 1 < end {
                place += 1
                try readEscape()
            } else {
                result.append(source[place])
                place += 1
            }
        }
        return result
    }

    private mutating func readEscape() throws(JinjaError) {
        let byte = source[place]
        place += 1
        switch byte {
        case 10: break
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): result.append(byte)
        case UInt8(ascii: "a"): result.append(7)
        case UInt8(ascii: "b"): result.append(8)
        case UInt8(ascii: "f"): result.append(12)
        case UInt8(ascii: "n"): result.append(10)
        case UInt8(ascii: "r"): result.append(13)
        case UInt8(ascii: "t"): result.append(9)
        case UInt8(ascii: "v"): result.append(11)
        case UInt8(ascii: "x"): try append(code(digits: 2))
        case UInt8(ascii: "u"): try append(code(digits: 4))
        case UInt8(ascii: "U"): try append(code(digits: 8))
        case UInt8(ascii: "N"): throw JinjaError(.syntax, "\\N{…} in a string is not supported")
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            var value = UInt32(byte - 0x30)
            for _ in 0..<2 {
                guard place < end, source[place] & 0xF8 == 0x30 else { break }
                value = value * 8 + UInt32(source[place] - 0x30)
                place += 1
            }
            try append(value)
        default:
            // As Python does, which first writes characters beyond ASCII as escapes of their own.
            result.append(UInt8(ascii: "\\"))
            if byte < 0x80 {
                result.append(byte)
            } else {
                let (scalar, length) = PythonText.scalar(source, place - 1)
                place += length - 1
                let digits = String(scalar.value, radix: 16)
                let (letter, width) =
                    scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
                result += Array((letter + String(repeating: "0", count: width - digits.count) + digits).utf8)
            }
        }
    }

    private mutating func code(digits: Int) throws(JinjaError) -> UInt32 {
        let text = String(decoding: source[place..<min(place + digits, end)], as: UTF8.self)
        guard text.utf8.count == digits, let code = UInt32(text, radix: 16), text.first != "+" else {
            throw JinjaError(.syntax, "truncated escape in a string")
        }
        place += digits
        return code
    }

    private mutating func append(_ code: UInt32) throws(JinjaError) {
        guard let scalar = Unicode.Scalar(code) else {
            throw JinjaError(
                .syntax, "the escape \\u\(String(code, radix: 16)) in a string is half of a surrogate pair")
        }
        result += Array(UTF8.encode(scalar)!)
    }
}

/// The longest number that starts at a digit.
struct NumberLiteral {
    let text: String
    let isFloat: Bool
    let end: Int

    init(_ source: [UInt8], _ start: Int) {
        /// Where digits that single underscores may separate end, or nil if there are none.
        func digits(_ start: Int, _ isDigit: (UInt8) -> Bool) -> Int? {
            guard start < source.count, isDigit(source[start]) else { return nil }
            var end = start
            while end < source.count {
                if isDigit(source[end]) {
                    end += 1
                } else if source[end] == UInt8(ascii: "_"), end + 1 < source.count, isDigit(source[end + 1]) {
                    end += 2
                } else {
                    break
                }
            }
            return end
        }
        var isFloat = false
        var end = digits(start, \.isASCIIDigit) ?? start
        let whole = end
        // After a dot it is an index: `list.0.1`.
        if start == 0 || source[start - 1] != UInt8(ascii: ".") {
            if end < source.count, source[end] == UInt8(ascii: "."),
                let fraction = digits(end + 1, \.isASCIIDigit)
            {
                (end, isFloat) = (fraction, true)
            }
            if end < source.count, source[end] | 0x20 == UInt8(ascii: "e") {
                let sign = end + 1 < source.count && "+-".utf8.contains(source[end + 1]) ? 2 : 1
                if let exponent = digits(end + sign, \.isASCIIDigit) { (end, isFloat) = (exponent, true) }
            }
        }
        if !isFloat {
            end = whole
            if source[start] == UInt8(ascii: "0") {
                // 0x1F, 0o17, 0b1, or zeros only.
                let kinds: [(UInt8, (UInt8) -> Bool)] = [
                    (UInt8(ascii: "x"), { $0.isASCIIDigit || ($0 | 0x20) &- 0x61 < 6 }),
                    (UInt8(ascii: "o"), { $0 & 0xF8 == 0x30 }), (UInt8(ascii: "b"), { $0 & 0xFE == 0x30 }),
                ]
                end = digits(start) { $0 == UInt8(ascii: "0") } ?? start
                for (letter, isDigit) in kinds
                where start + 2 < source.count && source[start + 1] | 0x20 == letter {
                    let first = source[start + 2] == UInt8(ascii: "_") ? start + 3 : start + 2
                    if let found = digits(first, isDigit) { end = found }
                }
            }
        }
        text = String(decoding: source[start..<end], as: UTF8.self)
        self.isFloat = isFloat
        self.end = end
    }
}
