import Foundation

/// `+ - * / // % **` of values.
enum PythonArithmetic {
    enum Operator: String, Sendable {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case floorDivide = "//"
        case modulo = "%"
        case power = "**"
    }

    static func apply(
        _ operation: Operator, _ left: JinjaValue, _ right: JinjaValue, _ budget: RenderBudget
    ) throws(JinjaError) -> JinjaValue {
        if operation == .modulo, case .string(let format) = left {
            return .string(try PercentFormat.format(format, right, budget))
        }
        if case .undefined(let value) = left { throw value.error }
        if case .undefined(let value) = right { throw value.error }
        if let left = PythonLogic.Number(left), let right = PythonLogic.Number(right) {
            return try numbers(operation, left, right)
        }
        switch (operation, left, right) {
        case (.add, .string(let left), .string(let right)): return .string(try join(left, right, budget))
        case (.add, .list(let left), .list(let right)):
            return .list(try JinjaList(try concatenated(left, right, budget)))
        case (.add, .tuple(let left), .tuple(let right)):
            return .tuple(try JinjaList(try concatenated(left, right, budget)))
        case (.multiply, _, _):
            if let count = PythonSequence.index(right), let value = try repeated(left, count, budget) {
                return value
            }
            if let count = PythonSequence.index(left), let value = try repeated(right, count, budget) {
                return value
            }
        default: break
        }
        throw .runtime(
            "unsupported operand types for \(operation.rawValue): '\(left.typeName)' and '\(right.typeName)'")
    }

    /// `left + right`; the one that is plain is escaped if the other is HTML.
    private static func join(
        _ left: TracedString, _ right: TracedString, _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        try budget.allocate(left.bytes.count + right.bytes.count)
        if left.isMarkup == right.isMarkup { return left + right }
        let escaped =
            (left.isMarkup ? left : Markup.escape(left)) + (right.isMarkup ? right : Markup.escape(right))
        return escaped.markup(true)
    }

    private static func concatenated(
        _ left: JinjaList, _ right: JinjaList, _ budget: RenderBudget
    ) throws(JinjaError) -> [JinjaValue] {
        try budget.allocateList(left.values.count + right.values.count)
        try budget.step(left.values.count + right.values.count)
        return left.values + right.values
    }

    private static func repeated(
        _ value: JinjaValue, _ count: Int, _ budget: RenderBudget
    ) throws(JinjaError) -> JinjaValue? {
        let count = max(count, 0)
        switch value {
        case .string(let text):
            try budget.allocate(text.bytes.count + text.runs.count * 16, times: count)
            try budget.step(text.runs.count > 0 ? count : 0)
            var builder = TracedBuilder()
            builder.append(text, times: count)
            return .string(builder.finish(markup: text.isMarkup))
        case .list(let list), .tuple(let list):
            let (total, overflows) = list.values.count.multipliedReportingOverflow(by: count)
            try budget.allocateList(overflows ? .max : total)
            let values = try JinjaList((0..<(list.values.isEmpty ? 0 : count)).flatMap { _ in list.values })
            if case .list = value { return .list(values) }
            return .tuple(values)
        default: return nil
        }
    }

    // MARK: - Numbers

    private static func numbers(
        _ operation: Operator, _ left: PythonLogic.Number, _ right: PythonLogic.Number
    ) throws(JinjaError) -> JinjaValue {
        if case .int(let left) = left, case .int(let right) = right {
            return try integers(operation, left, right)
        }
        return .float(try floats(operation, left.double, right.double))
    }

    private static func integers(_ operation: Operator, _ left: Int, _ right: Int) throws(JinjaError)
        -> JinjaValue
    {
        func exact(_ result: (partialValue: Int, overflow: Bool)) throws(JinjaError) -> JinjaValue {
            guard !result.overflow else { throw overflow }
            return .int(result.partialValue)
        }
        switch operation {
        case .add: return try exact(left.addingReportingOverflow(right))
        case .subtract: return try exact(left.subtractingReportingOverflow(right))
        case .multiply: return try exact(left.multipliedReportingOverflow(by: right))
        case .divide:
            guard right != 0 else { throw .runtime("division by zero") }
            return .float(Double(left) / Double(right))
        case .floorDivide:
            guard right != 0 else { throw .runtime("integer division or modulo by zero") }
            let (quotient, overflows) = left.dividedReportingOverflow(by: right)
            guard !overflows else { throw overflow }
            return .int(left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient)
        case .modulo:
            guard right != 0 else { throw .runtime("integer division or modulo by zero") }
            guard right != -1 else { return .int(0) }
            let rest = left % right
            return .int(rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest)
        case .power:
            if right < 0 {
                guard left != 0 else { throw .runtime("0 cannot be raised to a negative power") }
                return .float(pow(Double(left), Double(right)))
            }
            return .int(try power(left, right))
        }
    }

    private static var overflow: JinjaError { JinjaError(.limit, "the integer does not fit in 64 bits") }

    private static func power(_ base: Int, _ exponent: Int) throws(JinjaError) -> Int {
        if base == 0 || base == 1 { return exponent == 0 ? 1 : base }
        if base == -1 { return exponent % 2 == 0 ? 1 : -1 }
        guard exponent < 64 else { throw overflow }
        var result = 1
        for _ in 0..<exponent {
            let (product, overflows) = result.multipliedReportingOverflow(by: base)
            guard !overflows else { throw overflow }
            result = product
        }
        return result
    }

    private static func floats(_ operation: Operator, _ left: Double, _ right: Double) throws(JinjaError)
        -> Double
    {
        switch operation {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide:
            guard right != 0 else { throw .runtime("float division by zero") }
            return left / right
        case .floorDivide:
            guard right != 0 else { throw .runtime("float floor division by zero") }
            let rest = modulo(left, right)
            let quotient = (left - rest) / right
            if quotient == 0 { return left / right < 0 || (left / right).sign == .minus ? -0.0 : 0 }
            let floor = quotient.rounded(.down)
            return quotient - floor > 0.5 ? floor + 1 : floor
        case .modulo:
            guard right != 0 else { throw .runtime("float modulo by zero") }
            return modulo(left, right)
        case .power:
            if left == 0, right < 0 { throw .runtime("0.0 cannot be raised to a negative power") }
            if left < 0, right != right.rounded(), left.isFinite, right.isFinite {
                throw .runtime("the power of a negative number is complex")
            }
            let result = pow(left, right)
            if result.isInfinite, left.isFinite, right.isFinite { throw .runtime("the power is too large") }
            return result
        }
    }

    private static func modulo(_ left: Double, _ right: Double) -> Double {
        let rest = fmod(left, right)
        if rest == 0 { return right.sign == .minus ? -0.0 : 0 }
        return (rest < 0) != (right < 0) ? rest + right : rest
    }

    // MARK: - Signs

    static func negate(_ value: JinjaValue) throws(JinjaError) -> JinjaValue {
        switch PythonLogic.Number(value) {
        case .int(let number):
            guard number != .min else { throw overflow }
            return .int(-number)
        case .float(let number): return .float(-number)
        case nil: throw signError("-", value)
        }
    }

    static func positive(_ value: JinjaValue) throws(JinjaError) -> JinjaValue {
        switch PythonLogic.Number(value) {
        case .int(let number): return .int(number)
        case .float(let number): return .float(number)
        case nil: throw signError("+", value)
        }
    }

    private static func signError(_ sign: String, _ value: JinjaValue) -> JinjaError {
        if case .undefined(let value) = value { return value.error }
        return .runtime("bad operand type for unary \(sign): '\(value.typeName)'")
    }
}
