/// An expression that can be evaluated.
class ExpressionNode: @unchecked Sendable {
    // Nodes are made once and never change.

    func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue { .none }

    /// Whether the value is true, without making it where that is possible.
    func isTrue(_ frame: Activation) throws(JinjaError) -> Bool { PythonLogic.isTrue(try evaluate(frame)) }
}

final class ConstantNode: ExpressionNode, @unchecked Sendable {
    let value: JinjaValue
    init(_ value: JinjaValue) { self.value = value }
    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue { value }
}

final class NameNode: ExpressionNode, @unchecked Sendable {
    private let reference: Reference
    private let undefined: JinjaValue

    init(_ name: String, _ reference: Reference) {
        self.reference = reference
        undefined = .undefined(UndefinedValue(.name, name))
    }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue {
        reference.value(in: frame) ?? undefined
    }
}

/// Lists and tuples.
final class ListNode: ExpressionNode, @unchecked Sendable {
    private let values: [ExpressionNode]
    private let isTuple: Bool

    init(_ values: [ExpressionNode], isTuple: Bool) {
        self.values = values
        self.isTuple = isTuple
    }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue {
        try frame.render.budget.allocateList(values.count)
        var result: [JinjaValue] = []
        result.reserveCapacity(values.count)
        for value in values { result.append(try value.evaluate(frame)) }
        let list = try JinjaList(result)
        return isTuple ? .tuple(list) : .list(list)
    }
}

final class MapNode: ExpressionNode, @unchecked Sendable {
    private let pairs: [(key: ExpressionNode, value: ExpressionNode)]
    init(_ pairs: [(key: ExpressionNode, value: ExpressionNode)]) { self.pairs = pairs }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue {
        try frame.render.budget.allocateList(pairs.count * 3)
        var result: [(key: JinjaValue, value: JinjaValue)] = []
        for (key, value) in pairs { result.append((try key.evaluate(frame), try value.evaluate(frame))) }
        return .map(try JinjaMap(result))
    }
}

final class SignNode: ExpressionNode, @unchecked Sendable {
    private let value: ExpressionNode
    private let isNegative: Bool

    init(_ value: ExpressionNode, isNegative: Bool) {
        self.value = value
        self.isNegative = isNegative
    }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue {
        let operand = try value.evaluate(frame)
        return isNegative ? try PythonArithmetic.negate(operand) : try PythonArithmetic.positive(operand)
    }
}

final class NotNode: ExpressionNode, @unchecked Sendable {
    private let value: ExpressionNode
    init(_ value: ExpressionNode) { self.value = value }
    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue { .bool(try isTrue(frame)) }
    override func isTrue(_ frame: Activation) throws(JinjaError) -> Bool { !(try value.isTrue(frame)) }
}

/// `and` and `or`: the first value that decides, or the last.
final class DecidingNode: ExpressionNode, @unchecked Sendable {
    private let values: [ExpressionNode]
    private let last: ExpressionNode
    private let isOr: Bool

    init(_ values: [ExpressionNode], isOr: Bool) {
        self.values = Array(values.dropLast())
        last = values[values.count - 1]
        self.isOr = isOr
    }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue {
        for value in values {
            let result = try value.evaluate(frame)
            if PythonLogic.isTrue(result) == isOr { return result }
        }
        return try last.evaluate(frame)
    }

    override func isTrue(_ frame: Activation) throws(JinjaError) -> Bool {
        for value in values where try value.isTrue(frame) == isOr { return isOr }
        return try last.isTrue(frame)
    }
}

final class ArithmeticNode: ExpressionNode, @unchecked Sendable {
    private let first: ExpressionNode
    private let operands: [(operation: PythonArithmetic.Operator, operand: ExpressionNode)]

    init(
        _ first: ExpressionNode, _ operands: [(operation: PythonArithmetic.Operator, operand: ExpressionNode)]
    ) {
        self.first = first
        self.operands = operands
    }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue {
        let budget = frame.render.budget
        var value = try first.evaluate(frame)
        for (operation, operand) in operands {
            try budget.step()
            value = try PythonArithmetic.apply(operation, value, try operand.evaluate(frame), budget)
        }
        return value
    }
}

/// `a ~ b ~ c`
final class ConcatenationNode: ExpressionNode, @unchecked Sendable {
    private let values: [ExpressionNode]
    init(_ values: [ExpressionNode]) { self.values = values }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue {
        let budget = frame.render.budget
        var parts: [TracedString] = []
        parts.reserveCapacity(values.count)
        // All values are there before the first is written, as in Python.
        var operands: [JinjaValue] = []
        for value in values { operands.append(try value.evaluate(frame)) }
        for operand in operands { parts.append(try PythonRepr.string(operand, budget)) }
        return .string(try TracedString.empty.joining(parts, budget))
    }
}

final class ComparisonNode: ExpressionNode, @unchecked Sendable {
    private let first: ExpressionNode
    private let operands: [(operation: Expression.Comparison, operand: ExpressionNode)]

    init(_ first: ExpressionNode, _ operands: [(operation: Expression.Comparison, operand: ExpressionNode)]) {
        self.first = first
        self.operands = operands
    }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue { .bool(try isTrue(frame)) }

    override func isTrue(_ frame: Activation) throws(JinjaError) -> Bool {
        let budget = frame.render.budget
        var left = try first.evaluate(frame)
        for (operation, operand) in operands {
            try budget.step()
            let right = try operand.evaluate(frame)
            let holds =
                switch operation {
                case .equal: try PythonLogic.equal(left, right, budget)
                case .notEqual: !(try PythonLogic.equal(left, right, budget))
                case .contained: try PythonLogic.contains(right, left, budget)
                case .notContained: !(try PythonLogic.contains(right, left, budget))
                case .order(let order): try PythonLogic.compare(left, order, right, budget)
                }
            if !holds { return false }
            left = right
        }
        return true
    }
}

final class ConditionalNode: ExpressionNode, @unchecked Sendable {
    private let test: ExpressionNode
    private let then: ExpressionNode
    private let otherwise: ExpressionNode?

    init(test: ExpressionNode, then: ExpressionNode, otherwise: ExpressionNode?) {
        self.test = test
        self.then = then
        self.otherwise = otherwise
    }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue {
        if try test.isTrue(frame) { return try then.evaluate(frame) }
        guard let otherwise else {
            return .undefined(
                UndefinedValue(.message, "the inline if-expression is false and has no else section"))
        }
        return try otherwise.evaluate(frame)
    }
}
