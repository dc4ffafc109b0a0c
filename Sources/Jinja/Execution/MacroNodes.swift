/// The code of a macro, or of the body of a call block.
final class MacroCode: @unchecked Sendable {
    // Made once, never changed.
    struct Parameter: Sendable {
        let name: String
        let slot: Int
        let standard: ExpressionNode?
    }

    let name: String?
    let parameters: [Parameter]
    /// Slots of the variables `caller`, `kwargs` and `varargs`, where the body names them.
    let caller: Int?
    let keywords: Int?
    let rest: Int?
    let prologue: Prologue
    let body: [StatementNode]
    let variables: Int
    /// Levels of nodes that a call evaluates.
    let depth: Int

    init(
        name: String?, parameters: [Parameter], caller: Int?, keywords: Int?, rest: Int?, prologue: Prologue,
        body: [StatementNode], variables: Int, depth: Int
    ) {
        self.name = name
        self.parameters = parameters
        self.caller = caller
        self.keywords = keywords
        self.rest = rest
        self.prologue = prologue
        self.body = body
        self.variables = variables
        self.depth = depth
    }
}

/// A macro, with the variables that it was defined among.
final class MacroObject: JinjaObject, @unchecked Sendable {
    private let code: MacroCode
    private let definedIn: Activation

    init(_ code: MacroCode, in frame: Activation) throws(JinjaError) {
        self.code = code
        definedIn = frame
        super.init()
        // A macro is a variable among those that it refers to.
        try frame.register()
    }

    override var typeName: String { "Macro" }
    override var isCallable: Bool { true }

    override func attribute(_ name: String) throws(JinjaError) -> JinjaValue? {
        switch name {
        case "name": return code.name.map { .text($0) } ?? JinjaValue.none
        case "arguments": return .tuple(try JinjaList(code.parameters.map { .text($0.name) }))
        case "catch_kwargs": return .bool(code.keywords != nil)
        case "catch_varargs": return .bool(code.rest != nil)
        case "caller": return .bool(code.caller != nil)
        default: return nil
        }
    }

    override func write(to builder: inout TracedBuilder, _ budget: RenderBudget) throws(JinjaError) {
        builder.append("<Macro ")
        if let name = code.name {
            try PythonRepr.write(.text(name), to: &builder, budget)
        } else {
            builder.append("anonymous")
        }
        builder.append(">")
    }

    override func call(_ arguments: CallArguments, _ budget: RenderBudget) throws(JinjaError) -> JinjaValue {
        .string(try text(arguments))
    }

    /// What the macro writes.
    func text(_ arguments: CallArguments) throws(JinjaError) -> TracedString {
        let render = definedIn.render
        try render.budget.enter(code.depth)
        defer { render.budget.leave(code.depth) }
        let frame = try Activation(render, parent: definedIn, count: code.variables)
        code.prologue.enter(frame)
        try bind(arguments, frame)
        for parameter in code.parameters where frame.slots[parameter.slot] == nil {
            frame.slots[parameter.slot] =
                try parameter.standard?.evaluate(frame)
                ?? .undefined(UndefinedValue(.message, "parameter '\(parameter.name)' was not provided"))
        }
        var builder = TracedBuilder()
        _ = try code.body.execute(frame, &builder)
        try render.budget.allocate(builder.bytes.count)
        return builder.finish()
    }

    private func bind(_ arguments: CallArguments, _ frame: Activation) throws(JinjaError) {
        var keywords = arguments.keywords
        var hasCaller = false
        func take(_ name: String) -> JinjaValue? {
            keywords.firstIndex { $0.name == name }.map { keywords.remove(at: $0).value }
        }
        // Each parameter that is not given by its place is looked for among the keywords.
        try frame.render.budget.step(
            (keywords.count + 1) * max(code.parameters.count - arguments.positional.count, 1))
        for (place, parameter) in code.parameters.enumerated() {
            if place < arguments.positional.count {
                frame.slots[parameter.slot] = arguments.positional[place]
            } else {
                frame.slots[parameter.slot] = take(parameter.name)
            }
            if parameter.name == "caller" { hasCaller = true }
        }
        if let slot = code.caller, !hasCaller {
            frame.slots[slot] = take("caller") ?? .undefined(UndefinedValue(.message, "no caller defined"))
        }
        if let slot = code.keywords {
            frame.slots[slot] = .map(try JinjaMap(keywords.map { (.text($0.name), $0.value) }))
        } else if let first = keywords.first {
            throw .runtime("the macro '\(code.name ?? "caller")' takes no keyword argument '\(first.name)'")
        }
        if let slot = code.rest {
            frame.slots[slot] = .tuple(
                try JinjaList(Array(arguments.positional.dropFirst(code.parameters.count))))
        } else if arguments.positional.count > code.parameters.count {
            throw .runtime(
                "the macro '\(code.name ?? "caller")' takes not more than \(code.parameters.count) arguments")
        }
    }
}

/// `{% macro name(…) %}`
final class MacroNode: StatementNode, @unchecked Sendable {
    private let code: MacroCode
    private let slot: Int

    init(_ code: MacroCode, slot: Int, line: Int) {
        self.code = code
        self.slot = slot
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        frame.slots[slot] = .object(try MacroObject(code, in: frame))
        return .normal
    }
}

/// `{% call(…) macro(…) %}…{% endcall %}`
final class CallBlockNode: StatementNode, @unchecked Sendable {
    private let code: MacroCode
    private let callee: ExpressionNode
    private let arguments: ArgumentNodes

    init(_ code: MacroCode, callee: ExpressionNode, _ arguments: ArgumentNodes, line: Int) {
        self.code = code
        self.callee = callee
        self.arguments = arguments
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        let budget = frame.render.budget
        let caller = try MacroObject(code, in: frame)
        let callee = try callee.evaluate(frame)
        var given = try arguments.evaluate(frame)
        guard !given.keywords.contains(where: { $0.name == "caller" }) else {
            throw .runtime("got multiple values for the argument 'caller'")
        }
        given.keywords.append(("caller", .object(caller)))
        let value = try CallLink.call(callee, given, budget)
        try frame.render.write(try PythonRepr.string(value, budget), to: &output)
        return .normal
    }
}

/// `{% generation %}…{% endgeneration %}`: what an assistant writes.
final class GenerationNode: StatementNode, @unchecked Sendable {
    private let code: MacroCode

    init(_ code: MacroCode, line: Int) {
        self.code = code
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        let number = try frame.render.generations.next()
        let text = try MacroObject(code, in: frame).text(CallArguments())
        try frame.render.write(text.generated(number), to: &output)
        return .normal
    }
}
