extension Compiler {
    func nodes(_ statements: [Statement]) throws(JinjaError) -> [StatementNode] {
        guard !symbols.work.isExceeded else {
            throw JinjaError(.limit, "the template has too many names and conditions")
        }
        var nodes: [StatementNode] = []
        for statement in statements {
            depth.enter()
            defer { depth.leave() }
            do throws(JinjaError) { nodes.append(try node(statement)) } catch {
                throw error.at(statement.line)
            }
        }
        return nodes
    }

    private func node(_ statement: Statement) throws(JinjaError) -> StatementNode {
        let line = statement.line
        switch statement.kind {
        case .text(let text): return TextNode(text, line: line)
        case .output(let value): return OutputNode(try node(value), line: line)
        case .set(let target, let value): return SetNode(try self.target(target), try node(value), line: line)
        case .setBlock(let target, let filter, let body): return try setBlock(target, filter, body, line)
        case .filterBlock(let filter, let body): return try filterBlock(filter, body, line)
        case .condition(let branches, let otherwise): return try condition(branches, otherwise, line)
        case .loop(let loop): return try self.loop(loop, line)
        case .with(let values, let body): return try with(values, body, line)
        case .macro(let macro):
            return MacroNode(try code(macro), slot: reference(macro.name ?? "").slot, line: line)
        case .callBlock(let macro, let call): return try callBlock(macro, call, line)
        case .generation(let macro): return GenerationNode(try code(macro), line: line)
        case .breakLoop, .continueLoop:
            guard isInLoop else { throw JinjaError(.syntax, "'break' and 'continue' stand in loops only") }
            if case .breakLoop = statement.kind { return FlowNode(.breakLoop, line: line) }
            return FlowNode(.continueLoop, line: line)
        }
    }

    private func setBlock(
        _ target: AssignmentTarget, _ filter: Expression?, _ body: [Statement], _ line: Int
    ) throws(JinjaError) -> StatementNode {
        let (scoped, links) = try scoped(body, filter)
        return SetBlockNode(try self.target(target), BlockFilter(links: links), scoped, line: line)
    }

    private func filterBlock(_ filter: Expression, _ body: [Statement], _ line: Int) throws(JinjaError)
        -> StatementNode
    {
        let (scoped, links) = try scoped(body, filter)
        return FilterBlockNode(BlockFilter(links: links), scoped, line: line)
    }

    /// A block that captures what it writes, and the filters that it goes through.
    private func scoped(
        _ body: [Statement], _ filter: Expression?
    ) throws(JinjaError) -> (body: ScopedBody, links: [LinkNode]) {
        let inner = inner()
        inner.symbols.visit(body)
        if let filter { inner.symbols.visit(filter) }
        let nodes = try inner.nodes(body)
        var links: [LinkNode] = []
        if case .chain(_, let given)? = filter { links = try inner.links(given) }
        return (ScopedBody(prologue: inner.prologue(), statements: nodes), links)
    }

    private func condition(
        _ branches: [(test: Expression, body: [Statement])], _ otherwise: [Statement], _ line: Int
    ) throws(JinjaError) -> StatementNode {
        let soft = soft()
        var nodes: [(test: ExpressionNode, body: [StatementNode])] = []
        for (test, body) in branches { nodes.append((try soft.node(test), try soft.nodes(body))) }
        return ConditionNode(nodes, try soft.nodes(otherwise), line: line)
    }

    private func with(
        _ values: [(target: AssignmentTarget, value: Expression)], _ body: [Statement], _ line: Int
    ) throws(JinjaError) -> StatementNode {
        let inner = inner()
        for (target, _) in values { inner.symbols.declare(target) }
        inner.symbols.visit(body)
        var nodes: [(target: Target, value: ExpressionNode)] = []
        for (target, value) in values { nodes.append((try inner.target(target), try node(value))) }
        let statements = try inner.nodes(body)
        return WithNode(nodes, ScopedBody(prologue: inner.prologue(), statements: statements), line: line)
    }

    // MARK: - Loops

    private func loop(_ loop: Statement.Loop, _ line: Int) throws(JinjaError) -> StatementNode {
        try refuseAssignment(to: loop)
        var inner = loop.isRecursive ? function() : inner()
        inner.isInLoop = true
        let isExtended = loop.isRecursive || loop.body.reading(["loop"]).contains("loop")
        if isExtended { inner.symbols.declareParameter("loop") }
        inner.symbols.declare(loop.target)
        inner.symbols.visit(loop.body)
        var last = self
        last.isSoft = false
        last.symbols = Symbols(parent: symbols, function: inner.symbols.function)
        last.depth = inner.depth
        if loop.isRecursive { last.isInLoop = false }
        last.symbols.visit(loop.otherwise)

        let filter = try loop.test.map { (test) throws(JinjaError) in try loopFilter(loop.target, test) }
        let body = try inner.nodes(loop.body)
        let otherwise = try last.nodes(loop.otherwise)
        let target = try inner.target(loop.target)
        let slot = isExtended ? inner.reference("loop").slot : nil
        let values = try node(loop.values)
        let (prologue, end) = (inner.prologue(), ScopedBody(prologue: last.prologue(), statements: otherwise))
        return LoopNode(
            LoopNode.Parts(
                target: target, values: values, filter: filter, prologue: prologue, body: body,
                otherwise: loop.otherwise.isEmpty ? nil : end, loopSlot: slot,
                recursion: loop.isRecursive
                    ? LoopNode.Recursion(
                        variables: inner.symbols.function.count, depth: inner.depth.deepest + 3) : nil),
            line: line)
    }

    private func refuseAssignment(to loop: Statement.Loop) throws(JinjaError) {
        var assigns = false
        loop.target.forEachName { if $0 == "loop" { assigns = true } }
        loop.body.forEachName(reads: { _ in }, assigns: { if $0 == "loop" { assigns = true } })
        loop.otherwise.forEachName(reads: { _ in }, assigns: { if $0 == "loop" { assigns = true } })
        if assigns { throw JinjaError(.syntax, "can't assign to the special variable 'loop' in a loop") }
    }

    private func loopFilter(_ target: AssignmentTarget, _ test: Expression) throws(JinjaError) -> LoopFilter {
        let inner = function()
        inner.symbols.declare(target)
        inner.symbols.visit(test)
        let (target, test) = (try inner.target(target), try inner.node(test))
        // It runs inside of the loop's own evaluation.
        depth.deepest = max(depth.deepest, depth.current + inner.depth.deepest + 2)
        let prologue = inner.prologue()
        return LoopFilter(
            target: target, test: test, prologue: prologue, variables: inner.symbols.function.count)
    }

    // MARK: - Macros

    private func code(_ macro: Statement.Macro) throws(JinjaError) -> MacroCode {
        let inner = function()
        let symbols = inner.symbols
        let special = macro.body.reading(["caller", "kwargs", "varargs"])
        for parameter in macro.parameters { symbols.declareParameter(parameter) }
        for value in macro.defaults { symbols.visit(value) }
        let withDefaults = macro.parameters.suffix(macro.defaults.count)
        if special.contains("caller"), macro.parameters.contains("caller"), !withDefaults.contains("caller") {
            throw JinjaError(.syntax, "the special argument 'caller' must be omitted or be given a default")
        }
        for name in special where !macro.parameters.contains(name) { symbols.declareParameter(name) }
        symbols.visit(macro.body)

        func slot(_ name: String) -> Int? {
            special.contains(name) && !macro.parameters.contains(name) ? inner.reference(name).slot : nil
        }
        let firstDefault = macro.parameters.count - macro.defaults.count
        var parameters: [MacroCode.Parameter] = []
        for (place, name) in macro.parameters.enumerated() {
            let standard = place >= firstDefault ? try inner.node(macro.defaults[place - firstDefault]) : nil
            parameters.append(
                MacroCode.Parameter(name: name, slot: inner.reference(name).slot, standard: standard))
        }
        let body = try inner.nodes(macro.body)
        let (caller, keywords, rest) = (slot("caller"), slot("kwargs"), slot("varargs"))
        let prologue = inner.prologue()
        return MacroCode(
            name: macro.name, parameters: parameters, caller: caller, keywords: keywords, rest: rest,
            prologue: prologue, body: body, variables: symbols.function.count, depth: inner.depth.deepest + 4)
    }

    private func callBlock(_ macro: Statement.Macro, _ call: Expression, _ line: Int) throws(JinjaError)
        -> StatementNode
    {
        guard case .chain(let base, let given) = call, case .call(let arguments)? = given.last?.kind else {
            throw JinjaError(.syntax, "a call is expected")
        }
        let links = Array(given.dropLast())
        let callee = try node(links.isEmpty ? (base ?? .constant(.none)) : .chain(base, links))
        return CallBlockNode(try code(macro), callee: callee, try self.arguments(arguments), line: line)
    }
}
