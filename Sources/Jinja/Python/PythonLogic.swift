/// Truth, equality, order and membership as Python has them.
enum PythonLogic {
    static func isTrue(_ value: JinjaValue) -> Bool {
        switch value {
        case .undefined, .none: false
        case .bool(let flag): flag
        case .int(let number): number != 0
        case .float(let number): number != 0
        case .string(let text): !text.isEmpty
        case .list(let list), .tuple(let list): !list.values.isEmpty
        case .map(let map): map.count > 0
        case .object(let object): object.length != 0
        }
    }

    /// The number that a value is in arithmetic and comparisons, where True is 1.
    enum Number {
        case int(Int)
        case float(Double)

        init?(_ value: JinjaValue) {
            switch value {
            case .bool(let flag): self = .int(flag ? 1 : 0)
            case .int(let number): self = .int(number)
            case .float(let number): self = .float(number)
            default: return nil
            }
        }

        var double: Double {
            switch self {
            case .int(let number): Double(number)
            case .float(let number): number
            }
        }
    }

    static func equal(_ left: JinjaValue, _ right: JinjaValue, _ budget: RenderBudget) throws(JinjaError)
        -> Bool
    {
        switch (left, right) {
        case (.string(let left), .string(let right)):
            if left.bytes.count == right.bytes.count { try budget.step(left.bytes.count / 64) }
            return left.bytes == right.bytes
        case (.none, .none), (.undefined, .undefined): return true
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            guard left.values.count == right.values.count else { return false }
            try budget.enter(1)
            defer { budget.leave(1) }
            for (place, value) in left.values.enumerated() {
                try budget.step()
                guard try equal(value, right.values[place], budget) else { return false }
            }
            return true
        case (.map(let left), .map(let right)):
            guard left.count == right.count else { return false }
            try budget.enter(1)
            defer { budget.leave(1) }
            for (place, key) in left.keys.enumerated() {
                try budget.step()
                guard let other = try right.value(of: key), try equal(left.values[place], other, budget)
                else {
                    return false
                }
            }
            return true
        case (.object(let left), .object(let right)): return left === right || left.isEqual(right)
        default:
            guard let left = Number(left), let right = Number(right) else { return false }
            if case .int(let left) = left, case .int(let right) = right { return left == right }
            return compare(left, right) == 0
        }
    }

    /// −1, 0 or 1; nil with NaN.
    private static func compare(_ left: Number, _ right: Number) -> Int? {
        switch (left, right) {
        case (.int(let left), .int(let right)): return left < right ? -1 : left == right ? 0 : 1
        case (.int(let left), .float(let right)): return compare(left, right)
        case (.float(let left), .int(let right)): return compare(right, left).map { -$0 }
        case (.float(let left), .float(let right)):
            return left < right ? -1 : left == right ? 0 : left > right ? 1 : nil
        }
    }

    /// An integer and a float exactly, without rounding the integer.
    private static func compare(_ left: Int, _ right: Double) -> Int? {
        if right.isNaN { return nil }
        if right >= 0x1p63 { return -1 }
        if right < -0x1p63 { return 1 }
        let whole = Int(right.rounded(.down))
        if left != whole { return left < whole ? -1 : 1 }
        return right > Double(whole) ? -1 : 0
    }

    enum Order: Sendable { case less, lessOrEqual, greater, greaterOrEqual }

    /// Whether `left` and `right` are in an order.
    /// - Throws: `JinjaError` where Python cannot compare them.
    static func compare(
        _ left: JinjaValue, _ order: Order, _ right: JinjaValue, _ budget: RenderBudget
    ) throws(JinjaError) -> Bool {
        guard let result = try threeWay(left, right, budget) else { return false }
        return switch order {
        case .less: result < 0
        case .lessOrEqual: result <= 0
        case .greater: result > 0
        case .greaterOrEqual: result >= 0
        }
    }

    private static func threeWay(
        _ left: JinjaValue, _ right: JinjaValue, _ budget: RenderBudget
    ) throws(JinjaError) -> Int? {
        if let left = Number(left), let right = Number(right) { return compare(left, right) }
        switch (left, right) {
        case (.string(let left), .string(let right)):
            try budget.step(min(left.bytes.count, right.bytes.count) / 64)
            // UTF-8 sorts as code points do.
            return left.bytes == right.bytes ? 0 : left.bytes.lexicographicallyPrecedes(right.bytes) ? -1 : 1
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            try budget.enter(1)
            defer { budget.leave(1) }
            for (left, right) in zip(left.values, right.values) {
                try budget.step()
                if try !equal(left, right, budget) { return try threeWay(left, right, budget) }
            }
            let counts = (left.values.count, right.values.count)
            return counts.0 < counts.1 ? -1 : counts.0 == counts.1 ? 0 : 1
        case (.undefined(let value), _), (_, .undefined(let value)): throw value.error
        default: throw .runtime("'\(left.typeName)' and '\(right.typeName)' cannot be ordered")
        }
    }

    /// Python's `in`.
    static func contains(
        _ container: JinjaValue, _ value: JinjaValue, _ budget: RenderBudget
    ) throws(JinjaError) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let part) = value else {
                throw .runtime("'in <string>' requires a string, not \(value.typeName)")
            }
            return try text.firstRange(of: part, from: 0, budget) != nil
        case .map(let map): return try map.value(of: value) != nil
        default:
            if case .object(let object) = container, let isContained = try object.contains(value) {
                return isContained
            }
            let elements = try PythonSequence.iterator(container)
            while let element = try elements.next() {
                try budget.step()
                if try equal(element, value, budget) { return true }
            }
            return false
        }
    }
}
