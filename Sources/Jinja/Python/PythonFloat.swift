import Foundation

/// Numbers as Python writes and rounds them.
enum PythonFloat {
    /// `repr` of a float: the shortest digits that read back as the same number, with an exponent below 1e-4 and from 1e16.
    static func repr(_ number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        let sign = number.sign == .minus ? "-" : ""
        if number == 0 { return sign + "0.0" }
        let (digits, exponent) = decimal(number.magnitude)
        if exponent < -4 || exponent >= 16 {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            return "\(sign)\(digits.prefix(1))\(fraction)e\(exponentText(exponent))"
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        if digits.count <= exponent + 1 {
            return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count) + ".0"
        }
        return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }

    static func exponentText(_ exponent: Int) -> String {
        let digits = String(exponent.magnitude)
        return (exponent < 0 ? "-" : "+") + (digits.count < 2 ? "0" : "") + digits
    }

    /// The shortest digits of a positive number, and the exponent of the first of them.
    private static func decimal(_ number: Double) -> (digits: String, exponent: Int) {
        let parts = number.description.split(separator: "e")
        var exponent = parts.count > 1 ? Int(parts[1])! : 0
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var digits = String(mantissa[0]) + (mantissa.count > 1 ? mantissa[1] : "")
        exponent += mantissa[0].count - 1
        while digits.first == "0", digits.count > 1 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.last == "0", digits.count > 1 { digits.removeLast() }
        return (digits, exponent)
    }

    /// `precision` digits behind the point, correctly rounded.
    static func fixed(_ number: Double, _ precision: Int) -> String {
        String(format: "%.\(precision)f", number)
    }

    /// Python's `round` with digits.
    static func round(_ number: Double, digits: Int) -> Double {
        guard number.isFinite, digits < 330 else { return number }
        if digits < -330 { return 0 * number }
        if digits >= 0 { return Double(fixed(number, digits)) ?? number }
        // Whole tens, hundreds, …; halves to even, as the decimal text says.
        let power = Foundation.pow(10, Double(-digits))
        let result = (number / power).rounded(.toNearestOrEven) * power
        return result
    }

    /// The number that a text spells for Python's `float`, nil if none.
    static func parse(_ text: String) -> Double? {
        let trimmed = withASCIIDigits(PythonText.stripped(text))
        guard !trimmed.isEmpty, trimmed.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var digits = trimmed.lowercased()
        if digits.contains("_") {
            guard underscoresSeparateDigits(digits) else { return nil }
            digits.removeAll { $0 == "_" }
        }
        var body = Substring(digits)
        let isNegative = body.first == "-"
        if let first = body.first, "+-".contains(first) { body = body.dropFirst() }
        if ["inf", "infinity"].contains(body) { return isNegative ? -.infinity : .infinity }
        if body == "nan" { return .nan }
        guard let first = body.first, first.isNumber || first == ".", !body.hasPrefix("0x"),
            body.contains(where: \.isNumber)
        else { return nil }
        if let number = Double(digits) { return number }
        // Swift needs digits on both sides of the point.
        let isPlain = body.allSatisfy { $0.isNumber || ".e+-".contains($0) }
        guard isPlain, body.count(where: { $0 == "." }) <= 1 else { return nil }
        var end: UnsafeMutablePointer<CChar>?
        let number = digits.withCString { start -> Double? in
            let value = strtod(start, &end)
            return end?.pointee == 0 ? value : nil
        }
        return number
    }

    /// Digits of all scripts as 0 to 9.
    private static func withASCIIDigits(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    guard PythonText.isDecimal(scalar), let value = scalar.properties.numericValue else {
                        return scalar
                    }
                    return Unicode.Scalar(UInt8(0x30 + value))
                }))
    }

    /// Whether each underscore stands between two digits.
    static func underscoresSeparateDigits(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isDigit(_ place: Int) -> Bool {
            bytes.indices.contains(place) && (bytes[place].isASCIIAlphanumeric)
        }
        return bytes.indices.allSatisfy {
            bytes[$0] != UInt8(ascii: "_") || (isDigit($0 - 1) && isDigit($0 + 1))
        }
    }

    /// The integer that a text spells for Python's `int`, nil if none.
    /// - Throws: `JinjaError` of kind `limit` if it does not fit in 64 bits.
    static func integer(_ text: String, base: Int) throws(JinjaError) -> Int? {
        var body = withASCIIDigits(PythonText.stripped(text)).lowercased()
        guard body.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var sign = ""
        if let first = body.first, "+-".contains(first) {
            sign = first == "-" ? "-" : ""
            body.removeFirst()
        }
        var base = base
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)]
        where body.hasPrefix(prefix) && (base == radix || base == 0) {
            body = String(body.dropFirst(2))
            if body.hasPrefix("_") { body.removeFirst() }
            base = radix
        }
        if base == 0 {
            guard !body.hasPrefix("0") || body.allSatisfy({ $0 == "0" || $0 == "_" }) else { return nil }
            base = 10
        }
        if body.contains("_") {
            guard underscoresSeparateDigits(body) else { return nil }
            body.removeAll { $0 == "_" }
        }
        guard !body.isEmpty, body.allSatisfy({ Int(String($0), radix: base) != nil }) else { return nil }
        guard let number = Int(sign + body, radix: base) else {
            throw JinjaError(.limit, "the integer \(body.prefix(40)) does not fit in 64 bits")
        }
        return number
    }
}

extension UInt8 {
    var isASCIIDigit: Bool { self &- 0x30 < 10 }
    var isASCIILetter: Bool { (self | 0x20) &- 0x61 < 26 }
    var isASCIIAlphanumeric: Bool { isASCIIDigit || isASCIILetter }
}
