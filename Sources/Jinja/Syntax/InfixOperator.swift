/// An operator between two operands.
enum InfixOperator: Equatable {
    case or, and, concatenation
    case comparison(Expression.Comparison)
    case arithmetic(PythonArithmetic.Operator)

    /// How tightly operators bind, by Jinja's rules. Powers are taken from left to right, unlike Python's.
    enum Precedence: Int, Comparable {
        case or, and, not, comparison, sum, concatenation, product, power, operand

        static func < (left: Precedence, right: Precedence) -> Bool { left.rawValue < right.rawValue }

        /// What binds more tightly.
        var next: Precedence { Precedence(rawValue: rawValue + 1) ?? .operand }
    }

    /// The operator at which a parser stands, nil if there is none.
    init?(_ parser: Parser) {
        switch (parser.current.kind, parser.current.text) {
        case (.name, "or"): self = .or
        case (.name, "and"): self = .and
        case (.name, "in"): self = .comparison(.contained)
        case (.name, "not"):
            guard parser.following.kind == .name, parser.following.text == "in" else { return nil }
            self = .comparison(.notContained)
        case (.symbol, "~"): self = .concatenation
        case (.symbol, "=="): self = .comparison(.equal)
        case (.symbol, "!="): self = .comparison(.notEqual)
        case (.symbol, "<"): self = .comparison(.order(.less))
        case (.symbol, "<="): self = .comparison(.order(.lessOrEqual))
        case (.symbol, ">"): self = .comparison(.order(.greater))
        case (.symbol, ">="): self = .comparison(.order(.greaterOrEqual))
        case (.symbol, let symbol):
            guard let operation = PythonArithmetic.Operator(rawValue: symbol) else { return nil }
            self = .arithmetic(operation)
        default: return nil
        }
    }

    var precedence: Precedence {
        switch self {
        case .or: .or
        case .and: .and
        case .comparison: .comparison
        case .concatenation: .concatenation
        case .arithmetic(.add), .arithmetic(.subtract): .sum
        case .arithmetic(.power): .power
        case .arithmetic: .product
        }
    }

    /// A value and what operators of one precedence, at least one, do with it from left to right.
    static func chain(_ first: Expression, _ operands: [(operation: InfixOperator, operand: Expression)])
        -> Expression
    {
        let values = [first] + operands.map(\.operand)
        switch operands[0].operation {
        case .or: return .or(values)
        case .and: return .and(values)
        case .concatenation: return .concatenation(values)
        case .comparison:
            return .comparison(
                first,
                operands.compactMap { operation, operand in
                    if case .comparison(let comparison) = operation { (comparison, operand) } else { nil }
                })
        case .arithmetic:
            return .arithmetic(
                first,
                operands.compactMap { operation, operand in
                    if case .arithmetic(let arithmetic) = operation { (arithmetic, operand) } else { nil }
                })
        }
    }
}
