extension Parser {
    /// An expression, or several with commas between them.
    mutating func tuple(
        allowsCondition: Bool = true, isInParentheses: Bool = false
    ) throws(JinjaError) -> Expression {
        var values: [Expression] = []
        var isTuple = false
        while true {
            if !values.isEmpty { try expect(symbol: ",") }
            if isTupleEnd { break }
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
        try enter()
        defer { leave() }
        let value = try disjunction()
        return isName("if") ? try conditional(value) : value
    }

    /// `a if b else c`. Without `else` another `if` may follow, whose value is the condition so far.
    private mutating func conditional(_ first: Expression) throws(JinjaError) -> Expression {
        var value = first
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

    // MARK: - Operators

    /// An expression without a condition.
    private mutating func disjunction() throws(JinjaError) -> Expression { try operation(.or) }

    /// Operands and the operators between them that bind at least as tightly as `least`.
    ///
    /// One loop for all precedences, since a function for each takes the stack that nested brackets need.
    private mutating func operation(_ least: InfixOperator.Precedence) throws(JinjaError) -> Expression {
        var value: Expression
        if least <= .not, isName("not") { value = try negation() } else { value = try unary() }
        while let infix = InfixOperator(self), infix.precedence >= least {
            // Operators of one precedence that follow each other are one chain.
            let precedence = infix.precedence
            var operands: [(operation: InfixOperator, operand: Expression)] = []
            while let next = InfixOperator(self), next.precedence == precedence {
                advance()
                if next == .comparison(.notContained) { advance() }
                operands.append((next, try operation(precedence.next)))
            }
            value = InfixOperator.chain(value, operands)
        }
        return value
    }

    private mutating func negation() throws(JinjaError) -> Expression {
        var isNegated = false
        while skip(name: "not") { isNegated.toggle() }
        let value = try operation(.comparison)
        // Two negations make a boolean of the value.
        return isNegated ? .not(value) : .not(.not(value))
    }

    private mutating func unary(allowsFilters: Bool = true) throws(JinjaError) -> Expression {
        let value = isSymbol("-") || isSymbol("+") ? try signed() : try primary()
        let links = try links(allowsFilters: allowsFilters)
        if links.isEmpty { return value }
        if case .chain(let base, let first) = value { return .chain(base, first + links) }
        return .chain(value, links)
    }

    private mutating func signed() throws(JinjaError) -> Expression {
        try enter()
        defer { leave() }
        let isNegative = isSymbol("-")
        advance()
        let operand = try unary(allowsFilters: false)
        return isNegative ? .negate(operand) : .positive(operand)
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
        case .symbol where token.text == "(": return try parenthesized()
        case .symbol where token.text == "[": return try list()
        case .symbol where token.text == "{": return try map()
        default: throw unexpected("an expression")
        }
    }

    private mutating func parenthesized() throws(JinjaError) -> Expression {
        advance()
        let value = try tuple(isInParentheses: true)
        try expect(symbol: ")")
        return value
    }

    private mutating func list() throws(JinjaError) -> Expression {
        advance()
        var values: [Expression] = []
        while try continues(until: "]", isFirst: values.isEmpty) { values.append(try expression()) }
        return .list(values)
    }

    private mutating func map() throws(JinjaError) -> Expression {
        advance()
        var pairs: [(key: Expression, value: Expression)] = []
        while try continues(until: "}", isFirst: pairs.isEmpty) {
            let key = try expression()
            try expect(symbol: ":")
            pairs.append((key, try expression()))
        }
        return .map(pairs)
    }

    /// Whether another element follows; passes over the comma before it, or over the end.
    private mutating func continues(until end: String, isFirst: Bool) throws(JinjaError) -> Bool {
        if skip(symbol: end) { return false }
        if !isFirst { try expect(symbol: ",") }
        return !skip(symbol: end)
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
            let value = try primary()
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
