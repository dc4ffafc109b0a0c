/// An expression as it is written.
///
/// Chains (`a + b + c`, `a.b.c|d|e`) are lists, so the depth of the tree is what is nested, not how long a chain is.
indirect enum Expression: Sendable {
    case constant(JinjaValue)
    case name(String)
    case tuple([Expression])
    case list([Expression])
    case map([(key: Expression, value: Expression)])
    case negate(Expression)
    case positive(Expression)
    case not(Expression)
    case and([Expression])
    case or([Expression])
    /// Operators of equal precedence, from left to right.
    case arithmetic(Expression, [(operation: PythonArithmetic.Operator, operand: Expression)])
    /// `~`
    case concatenation([Expression])
    case comparison(Expression, [(operation: Comparison, operand: Expression)])
    case conditional(test: Expression, then: Expression, otherwise: Expression?)
    /// Attributes, elements, calls, filters and tests, from left to right. Without a base it filters the text of a block.
    case chain(Expression?, [Link])

    enum Comparison: Equatable, Sendable {
        case equal, notEqual, contained, notContained
        case order(PythonLogic.Order)
    }
}

/// What follows a value in a chain.
struct Link: Sendable {
    enum Kind: Sendable {
        case attribute(String)
        case item(Expression)
        case slice(start: Expression?, stop: Expression?, step: Expression?)
        case call(Arguments)
        case filter(String, Arguments)
        case test(String, Arguments, isNegated: Bool)
    }

    var kind: Kind
    var line: Int
}

/// Arguments as they are written.
struct Arguments: Sendable {
    var positional: [Expression] = []
    var keywords: [(name: String, value: Expression)] = []
    /// `*values`
    var spread: Expression?
    /// `**values`
    var spreadKeywords: Expression?
}

/// What a value is assigned to.
indirect enum AssignmentTarget: Sendable {
    case name(String)
    case tuple([AssignmentTarget])
    case namespace(String, attribute: String)
}

/// A statement as it is written, or a piece of text.
struct Statement: Sendable {
    var kind: Kind
    var line: Int

    indirect enum Kind: Sendable {
        case text(TracedString)
        case output(Expression)
        case set(AssignmentTarget, Expression)
        case setBlock(AssignmentTarget, filter: Expression?, [Statement])
        case condition([(test: Expression, body: [Statement])], otherwise: [Statement])
        case loop(Loop)
        case macro(Macro)
        case callBlock(Macro, call: Expression)
        case filterBlock(Expression, [Statement])
        case with([(target: AssignmentTarget, value: Expression)], [Statement])
        case generation(Macro)
        case breakLoop
        case continueLoop
    }

    struct Loop: Sendable {
        var target: AssignmentTarget
        var values: Expression
        var test: Expression?
        var isRecursive: Bool
        var body: [Statement]
        var otherwise: [Statement]
    }

    struct Macro: Sendable {
        /// Nil for the body of a call block.
        var name: String?
        var parameters: [String] = []
        /// Defaults of the last parameters.
        var defaults: [Expression] = []
        var body: [Statement] = []
    }
}
