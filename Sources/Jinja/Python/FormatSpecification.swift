import Foundation

/// How a value is laid out by `%` and `str.format`.
struct FormatSpecification {
    enum Alignment { case left, right, center, afterSign }

    var fill: Unicode.Scalar = " "
    var alignment: Alignment?
    /// "+", " " or "-", which writes a sign only for negative numbers.
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    /// "," or "_" between groups of digits.
    var grouping: Unicode.Scalar?
    var width = 0
    var precision: Int?
    var type: Unicode.Scalar?

    /// Digits behind a point beyond which a number has no more; what is longer is refused.
    static let mostDigits = 1000

    /// The number as digits with its sign, before it is padded.
    func number(_ value: PythonLogic.Number) throws(JinjaError) -> (sign: String, digits: String) {
        if let precision, precision > Self.mostDigits {
            throw JinjaError(.limit, "a precision of \(precision)")
        }
        switch (type, value) {
        case ("d", .int(let number)), (nil, .int(let number)), ("n", .int(let number)),
            ("x", .int(let number)),
            ("X", .int(let number)), ("o", .int(let number)), ("b", .int(let number)),
            ("c", .int(let number)):
            return try integer(number)
        case ("d", .float), ("x", .float), ("X", .float), ("o", .float), ("b", .float), ("c", .float):
            throw .runtime("a float has no format '\(type!)'")
        default: return try float(value.double)
        }
    }

    private func integer(_ number: Int) throws(JinjaError) -> (sign: String, digits: String) {
        let (radix, prefix) =
            switch type {
            case "x", "X": (16, "0x")
            case "o": (8, "0o")
            case "b": (2, "0b")
            default: (10, "")
            }
        var digits = String(number.magnitude, radix: radix, uppercase: type == "X")
        if let precision { digits = String(repeating: "0", count: max(precision - digits.count, 0)) + digits }
        if let grouping { digits = grouped(digits, grouping, radix == 10 ? 3 : 4) }
        if isAlternate { digits = (type == "X" ? prefix.uppercased() : prefix) + digits }
        return (signText(isNegative: number < 0), digits)
    }

    private func float(_ number: Double) throws(JinjaError) -> (sign: String, digits: String) {
        let sign = signText(isNegative: number.sign == .minus && !number.isNaN)
        let magnitude = number.magnitude
        let isUpper = type.map { $0.properties.isUppercase } ?? false
        if !magnitude.isFinite {
            let word = number.isNaN ? "nan" : "inf"
            return (sign, (isUpper ? word.uppercased() : word) + (type == "%" ? "%" : ""))
        }
        var digits: String
        switch type {
        case "e", "E", "f", "F", "g", "G":
            let format = "%" + (isAlternate ? "#" : "") + ".\(precision ?? 6)" + String(type!)
            digits = String(format: format, magnitude)
        case "n": digits = String(format: "%.\(precision ?? 6)g", magnitude)
        case "%": digits = String(format: "%.\(precision ?? 6)f", magnitude * 100) + "%"
        case nil:
            if let precision {
                digits = String(format: "%.\(max(precision, 1))g", magnitude)
                if !digits.contains(".") && !digits.contains("e") { digits += ".0" }
            } else {
                digits = PythonFloat.repr(magnitude)
            }
        default: throw .runtime("unknown format code '\(type!)'")
        }
        if let grouping {
            let whole = digits.prefix { $0.isNumber }
            digits = grouped(String(whole), grouping, 3) + digits.dropFirst(whole.count)
        }
        return (sign, digits)
    }

    private func signText(isNegative: Bool) -> String { isNegative ? "-" : sign == "-" ? "" : String(sign) }

    private func grouped(_ digits: String, _ separator: Unicode.Scalar, _ size: Int) -> String {
        var result = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % size == 0 { result.unicodeScalars.append(separator) }
            result.append(digit)
        }
        return result
    }

    /// A number with its padding.
    func laidOut(
        _ number: PythonLogic.Number, _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        let (sign, digits) = try self.number(number)
        if (alignment ?? .right) == .afterSign {
            let missing = max(width - sign.count - digits.count, 0)
            try budget.allocate(missing, times: 4)
            var builder = TracedBuilder()
            builder.append(sign, .template)
            builder.append(TracedString(String(fill)), times: missing)
            builder.append(digits, .template)
            return builder.finish()
        }
        return try pad(TracedString(sign + digits), alignment ?? .right, budget)
    }

    /// A text cut to the precision, with its padding.
    func laidOut(_ text: TracedString, _ budget: RenderBudget) throws(JinjaError) -> TracedString {
        var text = text
        if let precision, precision < text.count { text = text.slice(0..<text.offset(of: precision)) }
        guard alignment != .afterSign else { throw .runtime("'=' alignment is for numbers") }
        return try pad(text, alignment ?? .left, budget)
    }

    private func pad(
        _ text: TracedString, _ alignment: Alignment, _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        let missing = width - text.count
        guard missing > 0 else { return text }
        try budget.allocate(missing, times: 4)
        let left =
            switch alignment {
            case .left: 0
            case .right, .afterSign: missing
            case .center: missing / 2
            }
        let fill = TracedString(String(fill))
        var builder = TracedBuilder()
        builder.append(fill, times: left)
        builder.append(text)
        builder.append(fill, times: missing - left)
        return builder.finish(markup: text.isMarkup)
    }
}
