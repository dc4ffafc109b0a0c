extension Parser {
    /// An expression, or several with commas between them.
    mutating func tuple(
        allowsCondition: Bool = true, endsBefore end: String? = nil, isInParentheses: Bool = false
    ) throws(JinjaError) -> Expression {
        var values: [Expression] = []
        var isTuple = false
        while true {
            if !values.isEmpty { try expect(symbol: ",") }
            if isTupleEnd(end) { break }
            values.append(allowsCondition ? try expression() : try disjunction())
            guard isSymbol(",") else { break }
            isTuple = true
        }
        if isTuple { return .tuple(values) }
        if let value = values.first { return value }
        guard isInParentheses else { throw unexpected("an expression") }
        return .tuple([])
    }

    mutating func expression() throws(JinjaError) -> Expression {
        try nested { (parser) throws(JinjaError) in try parser.conditional() }
    }

    /// `a if b else c`. Without `else` another `if` may follow, whose value is the condition so far.
    private mutating func conditional() throws(JinjaError) -> Expression {
        var value = try disjunction()
        var count = 0
        while skip(name: "if") {
            let test = try disjunction()
            let otherwise = skip(name: "else") ? try expression() : nil
            value = .conditional(test: test, then: value, otherwise: otherwise)
            count += 1
            guard count < 20 else {
                throw JinjaError(.limit, "more than 20 conditions without 'else'", line: current.line)
            }
        }
        return value
    }

    private mutating func disjunction() throws(JinjaError) -> Expression {
        var values = [try conjunction()]
        while skip(name: "or") { values.append(try conjunction()) }
        return values.count == 1 ? values[0] : .or(values)
    }

    private mutating func conjunction() throws(JinjaError) -> Expression {
        var values = [try negation()]
        while skip(name: "and") { values.append(try negation()) }
        return values.count == 1 ? values[0] : .and(values)
    }

    private mutating func negation() throws(JinjaError) -> Expression {
        var isNegated: Bool?
        while skip(name: "not") { isNegated = !(isNegated ?? false) }
        let value = try comparison()
        guard let isNegated else { return value }
        // Two negations make a boolean of the value.
        return isNegated ? .not(value) : .not(.not(value))
    }

    private mutating func comparison() throws(JinjaError) -> Expression {
        let value = try sum()
        var operands: [(operation: Expression.Comparison, operand: Expression)] = []
        while let operation = comparisonOperator() { operands.append((operation, try sum())) }
        return operands.isEmpty ? value : .comparison(value, operands)
    }

    private mutating func comparisonOperator() -> Expression.Comparison? {
        let operation: Expression.Comparison
        switch (current.kind, current.text) {
        case (.symbol, "=="): operation = .equal
        case (.symbol, "!="): operation = .notEqual
        case (.symbol, "<"): operation = .order(.less)
        case (.symbol, "<="): operation = .order(.lessOrEqual)
        case (.symbol, ">"): operation = .order(.greater)
        case (.symbol, ">="): operation = .order(.greaterOrEqual)
        case (.name, "in"): operation = .contained
        case (.name, "not"):
            guard following.kind == .name, following.text == "in" else { return nil }
            advance()
            operation = .notContained
        default: return nil
        }
        advance()
        return operation
    }

    // MARK: - Arithmetic

    /// Operators of one precedence, and what binds tighter.
    private mutating func operators(
        _ symbols: [String], _ operand: (inout Parser) throws(JinjaError) -> Expression
    ) throws(JinjaError) -> Expression {
        let value = try operand(&self)
        var operands: [(operation: PythonArithmetic.Operator, operand: Expression)] = []
        while current.kind == .symbol, symbols.contains(current.text),
            let operation = PythonArithmetic.Operator(rawValue: current.text)
        {
            advance()
            operands.append((operation, try operand(&self)))
        }
        return operands.isEmpty ? value : .arithmetic(value, operands)
    }

    private mutating func sum() throws(JinjaError) -> Expression {
        try operators(["+", "-"]) { (parser) throws(JinjaError) in try parser.concatenation() }
    }

    private mutating func concatenation() throws(JinjaError) -> Expression {
        var values = [try product()]
        while skip(symbol: "~") { values.append(try product()) }
        return values.count == 1 ? values[0] : .concatenation(values)
    }

    private mutating func product() throws(JinjaError) -> Expression {
        try operators(["*", "/", "//", "%"]) { (parser) throws(JinjaError) in
            // Unlike Python's, Jinja's powers are taken from left to right.
            try parser.operators(["**"]) { (parser) throws(JinjaError) in
                try parser.unary(allowsFilters: true)
            }
        }
    }

    private mutating func unary(allowsFilters: Bool) throws(JinjaError) -> Expression {
        let value: Expression
        if isSymbol("-") || isSymbol("+") {
            let isNegative = isSymbol("-")
            value = try nested { (parser) throws(JinjaError) in
                parser.advance()
                let operand = try parser.unary(allowsFilters: false)
                return isNegative ? .negate(operand) : .positive(operand)
            }
        } else {
            value = try primary()
        }
        let links = try links(allowsFilters: allowsFilters)
        if links.isEmpty { return value }
        if case .chain(let base, let first) = value { return .chain(base, first + links) }
        return .chain(value, links)
    }

    // MARK: - Primaries

    private mutating func primary() throws(JinjaError) -> Expression {
        let token = current
        switch token.kind {
        case .name:
            advance()
            switch token.text {
            case "true", "True": return .constant(.bool(true))
            case "false", "False": return .constant(.bool(false))
            case "none", "None": return .constant(.none)
            default: return .name(token.text)
            }
        case .string: return .constant(.string(stringLiterals()))
        case .integer, .float:
            advance()
            return .constant(token.value!)
        case .symbol where token.text == "(":
            return try nested { (parser) throws(JinjaError) in
                parser.advance()
                let value = try parser.tuple(isInParentheses: true)
                try parser.expect(symbol: ")")
                return value
            }
        case .symbol where token.text == "[":
            advance()
            return .list(try elements(until: "]") { (parser) throws(JinjaError) in try parser.expression() })
        case .symbol where token.text == "{":
            advance()
            return .map(
                try elements(until: "}") { (parser) throws(JinjaError) in
                    let key = try parser.expression()
                    try parser.expect(symbol: ":")
                    return (key: key, value: try parser.expression())
                })
        default: throw unexpected("an expression")
        }
    }

    /// Literals that follow each other are one.
    private mutating func stringLiterals() -> TracedString {
        var builder = TracedBuilder()
        while current.kind == .string, case .string(let text)? = current.value {
            builder.append(text)
            advance()
        }
        return builder.finish()
    }

    private mutating func elements<Element>(
        until end: String, _ element: (inout Parser) throws(JinjaError) -> Element
    ) throws(JinjaError) -> [Element] {
        var elements: [Element] = []
        while !isSymbol(end) {
            if !elements.isEmpty { try expect(symbol: ",") }
            if isSymbol(end) { break }
            elements.append(try element(&self))
        }
        try expect(symbol: end)
        return elements
    }

    // MARK: - Chains

    private mutating func links(allowsFilters: Bool) throws(JinjaError) -> [Link] {
        var links: [Link] = []
        // Behind a filter or test there are no subscripts.
        var isFiltered = false
        while true {
            let line = current.line
            if !isFiltered, isSymbol(".") || isSymbol("[") {
                links.append(try subscripted())
            } else if isSymbol("(") {
                links.append(Link(kind: .call(try arguments()), line: line))
            } else if allowsFilters, isSymbol("|") {
                links += try filters(startsInline: false)
                isFiltered = true
            } else if allowsFilters, isName("is") {
                links.append(try test())
                isFiltered = true
            } else {
                return links
            }
        }
    }

    private mutating func subscripted() throws(JinjaError) -> Link {
        let line = current.line
        if skip(symbol: ".") {
            let token = current
            advance()
            switch token.kind {
            case .name: return Link(kind: .attribute(token.text), line: line)
            case .integer: return Link(kind: .item(.constant(token.value!)), line: line)
            default: throw fail("\(token.description) where a name or number is expected", line: token.line)
            }
        }
        advance()
        var parts: [Link.Kind] = []
        while !isSymbol("]") {
            if !parts.isEmpty { try expect(symbol: ",") }
            parts.append(try subscriptPart())
        }
        try expect(symbol: "]")
        if parts.count == 1 { return Link(kind: parts[0], line: line) }
        let keys = try parts.map { (part) throws(JinjaError) -> Expression in
            guard case .item(let key) = part else { throw fail("a slice in a tuple of keys", line: line) }
            return key
        }
        return Link(kind: .item(.tuple(keys)), line: line)
    }

    private mutating func subscriptPart() throws(JinjaError) -> Link.Kind {
        func endsPart(_ parser: Parser) -> Bool {
            parser.isSymbol("]") || parser.isSymbol(",") || parser.isSymbol(":")
        }
        var start: Expression?
        if !isSymbol(":") {
            let value = try expression()
            guard isSymbol(":") else { return .item(value) }
            start = value
        }
        try expect(symbol: ":")
        let stop = endsPart(self) ? nil : try expression()
        var step: Expression?
        if skip(symbol: ":"), !endsPart(self) { step = try expression() }
        return .slice(start: start, stop: stop, step: step)
    }

    mutating func filters(startsInline: Bool) throws(JinjaError) -> [Link] {
        var links: [Link] = []
        var isInline = startsInline
        while isInline || isSymbol("|") {
            if !isInline { advance() }
            isInline = false
            let line = current.line
            let name = try dottedName()
            links.append(Link(kind: .filter(name, isSymbol("(") ? try arguments() : Arguments()), line: line))
        }
        return links
    }

    private mutating func dottedName() throws(JinjaError) -> String {
        var name = try expectName()
        while skip(symbol: ".") { name += "." + (try expectName()) }
        return name
    }

    private mutating func test() throws(JinjaError) -> Link {
        let line = current.line
        advance()
        let isNegated = skip(name: "not")
        let name = try dottedName()
        var given = Arguments()
        if isSymbol("(") {
            given = try arguments()
        } else if startsTestArgument {
            guard !isName("is") else { throw fail("tests cannot be chained with 'is'") }
            let value = try nested { (parser) throws(JinjaError) in try parser.primary() }
            let links = try links(allowsFilters: false)
            given.positional = [links.isEmpty ? value : .chain(value, links)]
        }
        return Link(kind: .test(name, given, isNegated: isNegated), line: line)
    }

    private var startsTestArgument: Bool {
        switch current.kind {
        case .name: !["else", "or", "and"].contains(current.text)
        case .string, .integer, .float: true
        case .symbol: ["[", "{"].contains(current.text)
        default: false
        }
    }

    private mutating func arguments() throws(JinjaError) -> Arguments {
        let line = current.line
        var given = Arguments()
        var names: Set<String> = []
        try expect(symbol: "(")
        var needsComma = false
        func ensure(_ isValid: Bool) throws(JinjaError) {
            guard isValid else { throw JinjaError(.syntax, "invalid syntax for a call", line: line) }
        }
        while !isSymbol(")") {
            if needsComma {
                try expect(symbol: ",")
                if isSymbol(")") { break }
            }
            needsComma = true
            if skip(symbol: "*") {
                try ensure(given.spread == nil && given.spreadKeywords == nil)
                given.spread = try expression()
            } else if skip(symbol: "**") {
                try ensure(given.spreadKeywords == nil)
                given.spreadKeywords = try expression()
            } else if current.kind == .name, following.kind == .symbol, following.text == "=" {
                try ensure(given.spreadKeywords == nil)
                let name = current.text
                guard names.insert(name).inserted else { throw fail("the argument '\(name)' is given twice") }
                advance()
                advance()
                given.keywords.append((name, try expression()))
            } else {
                try ensure(given.spread == nil && given.spreadKeywords == nil && given.keywords.isEmpty)
                given.positional.append(try expression())
            }
        }
        try expect(symbol: ")")
        return given
    }
}
