extension Compiler {
    func node(_ expression: Expression) throws(JinjaError) -> ExpressionNode {
        depth.enter()
        defer { depth.leave() }
        // A function for each kind: the frame of one with all of them would be large, and there is one for each level.
        switch expression {
        case .constant(let value): return ConstantNode(value)
        case .name(let name): return NameNode(name, reference(name))
        case .tuple(let values): return ListNode(try nodes(values), isTuple: true)
        case .list(let values): return ListNode(try nodes(values), isTuple: false)
        case .map(let pairs): return try map(pairs)
        case .negate(let value): return SignNode(try node(value), isNegative: true)
        case .positive(let value): return SignNode(try node(value), isNegative: false)
        case .not(let value): return NotNode(try node(value))
        case .and(let values): return DecidingNode(try nodes(values), isOr: false)
        case .or(let values): return DecidingNode(try nodes(values), isOr: true)
        case .concatenation(let values): return ConcatenationNode(try nodes(values))
        case .arithmetic(let first, let operands): return try arithmetic(first, operands)
        case .comparison(let first, let operands): return try comparison(first, operands)
        case .conditional(let test, let then, let otherwise):
            return try soft().conditional(test, then, otherwise)
        case .chain(let base, let links): return try chain(base, links)
        }
    }

    private func map(_ pairs: [(key: Expression, value: Expression)]) throws(JinjaError) -> ExpressionNode {
        var nodes: [(key: ExpressionNode, value: ExpressionNode)] = []
        for (key, value) in pairs { nodes.append((try node(key), try node(value))) }
        return MapNode(nodes)
    }

    private func arithmetic(
        _ first: Expression, _ operands: [(operation: PythonArithmetic.Operator, operand: Expression)]
    ) throws(JinjaError) -> ExpressionNode {
        var nodes: [(operation: PythonArithmetic.Operator, operand: ExpressionNode)] = []
        for (operation, operand) in operands { nodes.append((operation, try node(operand))) }
        return ArithmeticNode(try node(first), nodes)
    }

    private func comparison(
        _ first: Expression, _ operands: [(operation: Expression.Comparison, operand: Expression)]
    ) throws(JinjaError) -> ExpressionNode {
        var nodes: [(operation: Expression.Comparison, operand: ExpressionNode)] = []
        for (operation, operand) in operands { nodes.append((operation, try node(operand))) }
        return ComparisonNode(try node(first), nodes)
    }

    private func conditional(
        _ test: Expression, _ then: Expression, _ otherwise: Expression?
    ) throws(JinjaError) -> ExpressionNode {
        ConditionalNode(test: try node(test), then: try node(then), otherwise: try optional(otherwise))
    }

    private func chain(_ base: Expression?, _ links: [Link]) throws(JinjaError) -> ExpressionNode {
        ChainNode(try node(base ?? .constant(.string(.empty))), try self.links(links))
    }

    private func nodes(_ expressions: [Expression]) throws(JinjaError) -> [ExpressionNode] {
        var nodes: [ExpressionNode] = []
        for expression in expressions { nodes.append(try node(expression)) }
        return nodes
    }

    private func optional(_ expression: Expression?) throws(JinjaError) -> ExpressionNode? {
        guard let expression else { return nil }
        return try node(expression)
    }

    func links(_ links: [Link]) throws(JinjaError) -> [LinkNode] {
        var nodes: [LinkNode] = []
        for link in links {
            do throws(JinjaError) { nodes.append(try self.link(link)) } catch { throw error.at(link.line) }
        }
        return nodes
    }

    private func link(_ link: Link) throws(JinjaError) -> LinkNode {
        switch link.kind {
        case .attribute(let name): return AttributeLink(name)
        case .item(let key): return ItemLink(try node(key))
        case .slice(let start, let stop, let step):
            return SliceLink(try optional(start), try optional(stop), try optional(step))
        case .call(let arguments): return CallLink(try self.arguments(arguments))
        case .filter(let name, let arguments):
            return FilterLink(try filter(name), try self.arguments(arguments))
        case .test(let name, let arguments, let isNegated):
            return TestLink(try test(name), try self.arguments(arguments), isNegated: isNegated)
        }
    }

    func arguments(_ arguments: Arguments) throws(JinjaError) -> ArgumentNodes {
        var keywords: [(name: String, value: ExpressionNode)] = []
        for (name, value) in arguments.keywords { keywords.append((name, try node(value))) }
        return ArgumentNodes(
            positional: try nodes(arguments.positional), keywords: keywords,
            spread: try optional(arguments.spread),
            spreadKeywords: try optional(arguments.spreadKeywords))
    }

    private func filter(_ name: String) throws(JinjaError) -> Filter {
        if let filter = FilterTable.filter(name) { return filter }
        guard isSoft else { throw JinjaError(.syntax, "no filter named '\(name)'") }
        return { _, _, _ throws(JinjaError) in throw .runtime("no filter named '\(name)'") }
    }

    private func test(_ name: String) throws(JinjaError) -> Test {
        if let test = TestTable.test(name) { return test }
        guard isSoft else { throw JinjaError(.syntax, "no test named '\(name)'") }
        return { _, _, _ throws(JinjaError) in throw .runtime("no test named '\(name)'") }
    }
}
