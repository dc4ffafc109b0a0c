/// Filters of numbers.
enum NumberFilters {
    static let absolute: Filter = { value, arguments, _ throws(JinjaError) in
        _ = try arguments.positional("abs", 0...0)
        switch PythonLogic.Number(value) {
        case .int(let number):
            guard number != .min else { throw JinjaError(.limit, "the integer does not fit in 64 bits") }
            return .int(abs(number))
        case .float(let number): return .float(abs(number))
        case nil:
            if case .undefined(let undefined) = value { throw undefined.error }
            throw .runtime("bad operand type for abs(): '\(value.typeName)'")
        }
    }

    static let integer: Filter = { value, arguments, _ throws(JinjaError) in
        let given = try arguments.bind("int", ["default", "base"])
        let standard = given[0] ?? .int(0)
        switch value {
        case .string(let text):
            let base =
                try given[1].map { (base) throws(JinjaError) in try StringMethods.integer(base, "int") } ?? 10
            if base == 0 || (2...36).contains(base),
                let number = try PythonFloat.integer(text.text, base: base)
            {
                return .int(number)
            }
            return try PythonFloat.parse(text.text).map { (number) throws(JinjaError) in
                try truncated(number) ?? standard
            } ?? standard
        case .undefined(let undefined): throw undefined.error
        default:
            switch PythonLogic.Number(value) {
            case .int(let number): return .int(number)
            case .float(let number):
                guard !number.isInfinite else { throw .runtime("cannot convert float infinity to integer") }
                return try truncated(number) ?? standard
            case nil: return standard
            }
        }
    }

    /// Nil for infinity and NaN, which have no integer.
    private static func truncated(_ number: Double) throws(JinjaError) -> JinjaValue? {
        guard number.isFinite else { return nil }
        guard let whole = Int(exactly: number.rounded(.towardZero)) else {
            throw JinjaError(.limit, "the integer does not fit in 64 bits")
        }
        return .int(whole)
    }

    static let float: Filter = { value, arguments, _ throws(JinjaError) in
        let standard = try arguments.bind("float", ["default"])[0] ?? .float(0)
        if case .string(let text) = value {
            return PythonFloat.parse(text.text).map { .float($0) } ?? standard
        }
        if case .undefined(let undefined) = value { throw undefined.error }
        return PythonLogic.Number(value).map { .float($0.double) } ?? standard
    }

    static let round: Filter = { value, arguments, _ throws(JinjaError) in
        let given = try arguments.bind("round", ["precision", "method"])
        let precision =
            try given[0].map { (value) throws(JinjaError) in try StringMethods.integer(value, "round") } ?? 0
        let method = given[1].map(\.textOrEmpty.text) ?? "common"
        guard ["common", "ceil", "floor"].contains(method) else {
            throw .runtime("method must be common, ceil or floor")
        }
        guard let number = PythonLogic.Number(value) else {
            if case .undefined(let undefined) = value { throw undefined.error }
            throw .runtime("type \(value.typeName) doesn't define __round__")
        }
        if method == "common" {
            switch number {
            case .int(let number): return .int(try rounded(number, precision))
            case .float(let number): return .float(PythonFloat.round(number, digits: precision))
            }
        }
        let power = try PythonArithmetic.apply(.power, .int(10), .int(precision), RenderBudget(.standard))
        let scale = PythonLogic.Number(power)!.double
        let scaled = number.double * scale
        guard scaled.isFinite else { throw .runtime("cannot convert float infinity or NaN to integer") }
        return .float((scaled.rounded(method == "ceil" ? .up : .down) + 0) / scale)
    }

    /// An integer to tens, hundreds, …, halves to even.
    private static func rounded(_ number: Int, _ precision: Int) throws(JinjaError) -> Int {
        guard precision < 0 else { return number }
        guard precision > -19 else { return 0 }
        var power = 1
        for _ in 0..<(-precision) { power *= 10 }
        let rest = ((number % power) + power) % power
        let base = number - rest
        let half = power / 2
        let raises = rest > half || (rest == half && (base / power) % 2 != 0)
        let (result, overflows) = raises ? base.addingReportingOverflow(power) : (base, false)
        guard !overflows else { throw JinjaError(.limit, "the integer does not fit in 64 bits") }
        return result
    }

    static let fileSize: Filter = { value, arguments, _ throws(JinjaError) in
        let isBinary = try arguments.bind("filesizeformat", ["binary"])[0].map(PythonLogic.isTrue) ?? false
        let size: Double
        if case .string(let text) = value {
            guard let number = PythonFloat.parse(text.text) else {
                throw .runtime("could not convert string to float")
            }
            size = number
        } else if let number = PythonLogic.Number(value) {
            size = number.double
        } else {
            throw .runtime("filesizeformat expects a number")
        }
        let base: Double = isBinary ? 1024 : 1000
        if size == 1 { return .text("1 Byte") }
        if size < base { return .text("\(try wholePart(size)) Bytes") }
        let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"]
        var unit = base
        var prefix = ""
        for next in prefixes {
            prefix = next
            unit *= base
            if size < unit { break }
        }
        let name = isBinary ? prefix.uppercased() + "iB" : prefix + "B"
        return .text(PythonFloat.fixed(base * size / unit, 1) + " " + name)
    }

    private static func wholePart(_ number: Double) throws(JinjaError) -> Int {
        guard number.isFinite, let whole = Int(exactly: number.rounded(.towardZero)) else {
            throw .runtime("cannot convert float to integer")
        }
        return whole
    }
}
