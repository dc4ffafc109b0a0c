/// A test: a question about a value.
typealias Test = @Sendable (JinjaValue, CallArguments, RenderBudget) throws(JinjaError) -> Bool

/// Jinja's tests.
enum TestTable {
    static func test(_ name: String) -> Test? { table[name] }

    private static let table: [String: Test] = [kindTests, textTests, comparisonTests].reduce(into: [:]) {
        $0.merge($1) { first, _ in first }
    }

    // MARK: - What a value is

    private static func kind(_ body: @escaping @Sendable (JinjaValue) -> Bool) -> Test {
        { value, arguments, _ throws(JinjaError) in
            _ = try arguments.positional("the test", 0...0)
            return body(value)
        }
    }

    private static let kindTests: [String: Test] = [
        "defined": kind { !$0.isUndefined },
        "undefined": kind { $0.isUndefined },
        "none": kind { $0.isNone },
        "boolean": kind { if case .bool = $0 { true } else { false } },
        "true": kind { if case .bool(true) = $0 { true } else { false } },
        "false": kind { if case .bool(false) = $0 { true } else { false } },
        "integer": kind { if case .int = $0 { true } else { false } },
        "float": kind { if case .float = $0 { true } else { false } },
        "number": kind { PythonLogic.Number($0) != nil },
        "string": kind { if case .string = $0 { true } else { false } },
        "mapping": kind { if case .map = $0 { true } else { false } },
        "sequence": kind { value in
            switch value {
            case .list, .tuple, .map, .string: true
            // Its `__len__` is known, but asking for `__getitem__` is too.
            case .undefined: true
            case .object(let object): object.isSequence
            default: false
            }
        },
        "iterable": kind { PythonSequence.isIterable($0) },
        "callable": kind { value in
            switch value {
            case .undefined: true
            case .object(let object): object.isCallable
            default: false
            }
        },
        "escaped": kind { if case .string(let text) = $0 { text.isMarkup } else { false } },
        "sameas": { value, arguments, budget throws(JinjaError) in
            try isSame(value, try arguments.bind("sameas", ["other"], required: 1)[0]!)
        },
    ]

    /// Python's `is`. Lists and dictionaries are the same if they share their elements.
    private static func isSame(_ left: JinjaValue, _ right: JinjaValue) throws(JinjaError) -> Bool {
        switch (left, right) {
        case (.none, .none): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.int(let left), .int(let right)): return left == right
        case (.float(let left), .float(let right)): return left == right
        case (.string(let left), .string(let right)): return left == right
        case (.object(let left), .object(let right)): return left === right
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            return left.values.count == right.values.count
                && left.values.withUnsafeBufferPointer { left in
                    right.values.withUnsafeBufferPointer { left.baseAddress == $0.baseAddress }
                }
        case (.map(let left), .map(let right)): return left.isSame(as: right)
        default: return false
        }
    }

    // MARK: - Text and names

    private static let textTests: [String: Test] = [
        "lower": text { $0.isLowercase },
        "upper": text { $0.isUppercase },
        "filter": name("filter") { FilterTable.filter($0) != nil },
        "test": name("test") { TestTable.test($0) != nil },
    ]

    private static func text(_ body: @escaping @Sendable (TracedString) -> Bool) -> Test {
        { value, arguments, budget throws(JinjaError) in
            _ = try arguments.positional("the test", 0...0)
            let text = try PythonRepr.string(value, budget)
            try budget.step(text.bytes.count / 8)
            return body(text)
        }
    }

    private static func name(_ test: String, _ body: @escaping @Sendable (String) -> Bool) -> Test {
        { value, arguments, _ throws(JinjaError) in
            _ = try arguments.positional(test, 0...0)
            guard case .string(let name) = value else {
                _ = try MapKey(value)
                return false
            }
            return body(name.text)
        }
    }

    // MARK: - Comparisons

    private static let comparisonTests: [String: Test] = [
        "odd": remainder("odd", 1),
        "even": remainder("even", 0),
        "divisibleby": { value, arguments, budget throws(JinjaError) in
            let number = try arguments.bind("divisibleby", ["num"], required: 1)[0]!
            return try PythonLogic.equal(
                try PythonArithmetic.apply(.modulo, value, number, budget), .int(0), budget)
        },
        "in": { value, arguments, budget throws(JinjaError) in
            try PythonLogic.contains(try arguments.bind("in", ["seq"], required: 1)[0]!, value, budget)
        },
        "eq": equality(true), "equalto": equality(true), "==": equality(true), "ne": equality(false),
        "!=": equality(false), "lt": order(.less), "lessthan": order(.less), "<": order(.less),
        "le": order(.lessOrEqual), "<=": order(.lessOrEqual), "gt": order(.greater),
        "greaterthan": order(.greater),
        ">": order(.greater), "ge": order(.greaterOrEqual), ">=": order(.greaterOrEqual),
    ]

    /// Whether the rest of a division by two is `rest`.
    private static func remainder(_ name: String, _ rest: Int) -> Test {
        { value, arguments, budget throws(JinjaError) in
            _ = try arguments.positional(name, 0...0)
            return try PythonLogic.equal(
                try PythonArithmetic.apply(.modulo, value, .int(2), budget), .int(rest), budget)
        }
    }

    private static func equality(_ isEqual: Bool) -> Test {
        { value, arguments, budget throws(JinjaError) in
            try PythonLogic.equal(value, try arguments.positional("the test", 1...1)[0], budget) == isEqual
        }
    }

    private static func order(_ order: PythonLogic.Order) -> Test {
        { value, arguments, budget throws(JinjaError) in
            try PythonLogic.compare(value, order, try arguments.positional("the test", 1...1)[0], budget)
        }
    }
}
