/// Reads statements. The grammar is Jinja's with the extensions of transformers: loop controls and `generation` blocks.
struct Parser {
    /// Levels of nested brackets, signs and blocks. Real templates need fewer; in a debug build a level takes 9 KB of a stack that
    /// may have 512.
    static let deepest = 40

    let tokens: [Token]
    var place = 0
    private var depth = 0
    /// Names that close the blocks that are open, the innermost last.
    private var openBlocks: [[String]] = []

    static func statements(of source: String) throws(JinjaError) -> [Statement] {
        var parser = Parser(tokens: try Lexer.tokens(of: source))
        return try parser.body(until: [])
    }

    private init(tokens: [Token]) { self.tokens = tokens }

    // MARK: - Tokens

    var current: Token { tokens[place] }
    var following: Token { tokens[min(place + 1, tokens.count - 1)] }

    mutating func advance() { if place < tokens.count - 1 { place += 1 } }

    func isSymbol(_ symbol: String) -> Bool { current.kind == .symbol && current.text == symbol }
    func isName(_ name: String) -> Bool { current.kind == .name && current.text == name }

    mutating func skip(symbol: String) -> Bool {
        guard isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard isName(name) else { return false }
        advance()
        return true
    }

    mutating func expect(symbol: String) throws(JinjaError) {
        guard skip(symbol: symbol) else { throw unexpected("'\(symbol)'") }
    }

    mutating func expectName() throws(JinjaError) -> String {
        guard current.kind == .name else { throw unexpected("a name") }
        defer { advance() }
        return current.text
    }

    mutating func expect(_ kind: Token.Kind, _ what: String) throws(JinjaError) {
        guard current.kind == kind else { throw unexpected(what) }
        advance()
    }

    func unexpected(_ expected: String) -> JinjaError {
        fail("\(current.description) where \(expected) is expected")
    }

    func fail(_ message: String, line: Int? = nil) -> JinjaError {
        JinjaError(.syntax, message, line: line ?? current.line)
    }

    /// Begins something that may hold what it is itself.
    mutating func enter() throws(JinjaError) {
        guard depth < Self.deepest else {
            throw JinjaError(
                .limit, "the template is nested more than \(Self.deepest) deep", line: current.line)
        }
        depth += 1
    }

    mutating func leave() { depth -= 1 }

    // MARK: - Bodies

    /// Statements up to a block whose name is one of `ends`, which is left to be read.
    private mutating func body(until ends: [String]) throws(JinjaError) -> [Statement] {
        var statements: [Statement] = []
        openBlocks.append(ends)
        defer { openBlocks.removeLast() }
        while true {
            let line = current.line
            switch current.kind {
            case .data:
                if case .string(let text)? = current.value {
                    statements.append(Statement(kind: .text(text), line: line))
                }
                advance()
            case .variableBegin:
                advance()
                statements.append(Statement(kind: .output(try tuple()), line: line))
                try expect(.variableEnd, "'}}'")
            case .blockBegin:
                advance()
                if current.kind == .name, ends.contains(current.text) { return statements }
                try enter()
                statements += try statement()
                leave()
                try expect(.blockEnd, "'%}'")
            default:
                guard ends.isEmpty else { throw missing(ends) }
                return statements
            }
        }
    }

    private func missing(_ ends: [String]) -> JinjaError {
        fail("the template ends where '\(ends.joined(separator: "' or '"))' is expected")
    }

    /// The body of a block, from the end of the tag that opens it.
    private mutating func block(until ends: String...) throws(JinjaError) -> [Statement] {
        _ = skip(symbol: ":")
        try expect(.blockEnd, "'%}'")
        return try body(until: ends)
    }

    // MARK: - Statements

    private mutating func statement() throws(JinjaError) -> [Statement] {
        let line = current.line
        guard current.kind == .name else { throw unexpected("the name of a tag") }
        let name = current.text
        advance()
        let kind: Statement.Kind
        switch name {
        case "for": kind = try loop()
        case "if": kind = try condition()
        case "set": kind = try set()
        case "macro":
            let name = try assignableName()
            kind = .macro(try macro(name, hasParameters: true, end: "endmacro"))
        case "call": kind = try callBlock(line)
        case "filter":
            let filter = Expression.chain(nil, try filters(startsInline: true))
            kind = .filterBlock(filter, try block(until: "endfilter"))
            advance()
        case "with": kind = try with()
        case "generation": kind = .generation(try macro(nil, hasParameters: false, end: "endgeneration"))
        case "break": kind = .breakLoop
        case "continue": kind = .continueLoop
        case "print": return try printed(line)
        case "include", "import", "from", "extends", "block":
            throw fail("'\(name)' is not supported: a chat template has no other templates", line: line)
        case "autoescape", "do", "trans", "debug":
            throw fail("the tag '\(name)' is not supported", line: line)
        default: throw unknownTag(name, line)
        }
        return [Statement(kind: kind, line: line)]
    }

    private func unknownTag(_ name: String, _ line: Int) -> JinjaError {
        let expected = openBlocks.last ?? []
        let hint = expected.isEmpty ? "" : "; '\(expected.joined(separator: "' or '"))' is expected"
        return fail("unknown tag '\(name)'\(hint)", line: line)
    }

    private mutating func loop() throws(JinjaError) -> Statement.Kind {
        let target = try target(allowsNamespace: false)
        guard skip(name: "in") else { throw unexpected("'in'") }
        let values = try tuple(allowsCondition: false)
        let test = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        let body = try block(until: "endfor", "else")
        var otherwise: [Statement] = []
        let hasElse = isName("else")
        advance()
        if hasElse {
            otherwise = try block(until: "endfor")
            advance()
        }
        return .loop(
            Statement.Loop(
                target: target, values: values, test: test, isRecursive: isRecursive, body: body,
                otherwise: otherwise))
    }

    private mutating func condition() throws(JinjaError) -> Statement.Kind {
        var branches: [(test: Expression, body: [Statement])] = []
        while true {
            let test = try tuple(allowsCondition: false)
            branches.append((test, try block(until: "elif", "else", "endif")))
            if skip(name: "elif") { continue }
            guard skip(name: "else") else { break }
            let otherwise = try block(until: "endif")
            advance()
            return .condition(branches, otherwise: otherwise)
        }
        advance()
        return .condition(branches, otherwise: [])
    }

    private mutating func set() throws(JinjaError) -> Statement.Kind {
        let target = try target(allowsNamespace: true)
        if skip(symbol: "=") { return .set(target, try tuple()) }
        let links = isSymbol("|") ? try filters(startsInline: false) : []
        let body = try block(until: "endset")
        advance()
        return .setBlock(target, filter: links.isEmpty ? nil : .chain(nil, links), body)
    }

    private mutating func with() throws(JinjaError) -> Statement.Kind {
        var values: [(target: AssignmentTarget, value: Expression)] = []
        while current.kind != .blockEnd, !isSymbol(":") {
            if !values.isEmpty { try expect(symbol: ",") }
            let target = try target(allowsNamespace: false)
            try expect(symbol: "=")
            values.append((target, try expression()))
        }
        let body = try block(until: "endwith")
        advance()
        return .with(values, body)
    }

    private mutating func printed(_ line: Int) throws(JinjaError) -> [Statement] {
        var statements: [Statement] = []
        while current.kind != .blockEnd {
            if !statements.isEmpty { try expect(symbol: ",") }
            statements.append(Statement(kind: .output(try expression()), line: line))
        }
        return statements
    }

    private mutating func macro(_ name: String?, hasParameters: Bool, end: String) throws(JinjaError)
        -> Statement.Macro
    {
        var macro = Statement.Macro(name: name)
        if hasParameters { try parameters(of: &macro) }
        macro.body = try block(until: end)
        advance()
        return macro
    }

    private mutating func parameters(of macro: inout Statement.Macro) throws(JinjaError) {
        var names: Set<String> = []
        try expect(symbol: "(")
        while !isSymbol(")") {
            if !macro.parameters.isEmpty { try expect(symbol: ",") }
            let name = try assignableName()
            guard names.insert(name).inserted else {
                throw fail("the parameter '\(name)' is given twice")
            }
            macro.parameters.append(name)
            if skip(symbol: "=") {
                macro.defaults.append(try expression())
            } else if !macro.defaults.isEmpty {
                throw fail("a parameter without a default follows one with a default")
            }
        }
        try expect(symbol: ")")
    }

    private mutating func callBlock(_ line: Int) throws(JinjaError) -> Statement.Kind {
        var macro = Statement.Macro(name: nil)
        if isSymbol("(") { try parameters(of: &macro) }
        let call = try expression()
        guard case .chain(_, let links) = call, case .call? = links.last?.kind else {
            throw fail("a call is expected", line: line)
        }
        macro.body = try block(until: "endcall")
        advance()
        return .callBlock(macro, call: call)
    }

    // MARK: - Targets

    private static let constants: Set<String> = ["true", "false", "none", "True", "False", "None"]

    private mutating func assignableName() throws(JinjaError) -> String {
        let name = try expectName()
        guard !Self.constants.contains(name) else { throw fail("can't assign to '\(name)'") }
        return name
    }

    /// Names that a value is assigned to, with commas between them or in parentheses.
    private mutating func target(allowsNamespace: Bool) throws(JinjaError)
        -> AssignmentTarget
    {
        var targets: [AssignmentTarget] = []
        var isTuple = false
        while true {
            if !targets.isEmpty { try expect(symbol: ",") }
            if isTupleEnd { break }
            targets.append(try singleTarget(allowsNamespace))
            guard isSymbol(",") else { break }
            isTuple = true
        }
        guard let first = targets.first else { throw unexpected("a name") }
        return isTuple ? .tuple(targets) : first
    }

    private mutating func singleTarget(_ allowsNamespace: Bool) throws(JinjaError) -> AssignmentTarget {
        if isSymbol("(") {
            try enter()
            defer { leave() }
            return try parenthesizedTarget()
        }
        let name = try assignableName()
        guard allowsNamespace, skip(symbol: ".") else { return .name(name) }
        return .namespace(name, attribute: try expectName())
    }

    /// Inside of parentheses Jinja reads an expression: names and tuples of them can be assigned to.
    private mutating func parenthesizedTarget() throws(JinjaError) -> AssignmentTarget {
        advance()
        var targets: [AssignmentTarget] = []
        var isTuple = isSymbol(")")
        while !isSymbol(")") {
            targets.append(try singleTarget(false))
            guard skip(symbol: ",") else { break }
            isTuple = true
        }
        try expect(symbol: ")")
        return isTuple ? .tuple(targets) : targets[0]
    }

    /// Whether a comma was the last of a tuple. Jinja does not look for `in` here: `for a, in b` is an error.
    var isTupleEnd: Bool { current.kind == .variableEnd || current.kind == .blockEnd || isSymbol(")") }
}
