/// How a statement ends.
enum Flow: Sendable { case normal, breakLoop, continueLoop }

/// A statement that can be executed.
class StatementNode: @unchecked Sendable {
    // Nodes are made once and never change.
    let line: Int
    init(line: Int) { self.line = line }

    func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow { .normal }
}

extension [StatementNode] {
    func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        for statement in self {
            do throws(JinjaError) {
                try frame.render.budget.step()
                let flow = try statement.execute(frame, &output)
                if flow != .normal { return flow }
            } catch { throw error.at(statement.line) }
        }
        return .normal
    }
}

final class TextNode: StatementNode, @unchecked Sendable {
    private let text: TracedString

    init(_ text: TracedString, line: Int) {
        self.text = text
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        try frame.render.write(text, to: &output)
        return .normal
    }
}

final class OutputNode: StatementNode, @unchecked Sendable {
    private let value: ExpressionNode

    init(_ value: ExpressionNode, line: Int) {
        self.value = value
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        let value = try value.evaluate(frame)
        if case .string(let text) = value {
            try frame.render.write(text, to: &output)
        } else {
            try frame.render.write(try PythonRepr.string(value, frame.render.budget), to: &output)
        }
        return .normal
    }
}

/// What a value is assigned to.
indirect enum Target: Sendable {
    case variable(slot: Int)
    case namespace(Reference, name: String, attribute: String)
    case tuple([Target])

    func assign(_ value: JinjaValue, _ frame: Activation) throws(JinjaError) {
        switch self {
        case .variable(let slot): frame.slots[slot] = value
        case .namespace(let reference, _, let attribute):
            guard let namespace = namespace(reference, frame) else { throw Self.noNamespace }
            try namespace.set(attribute, value)
        case .tuple(let targets):
            let budget = frame.render.budget
            let values = try PythonSequence.iterator(value)
            var parts: [JinjaValue] = []
            while let part = try values.next() {
                parts.append(part)
                guard parts.count <= targets.count else { break }
            }
            guard parts.count == targets.count else {
                throw .runtime(
                    "\(targets.count) values are expected, \(parts.count < targets.count ? "fewer" : "more") are there"
                )
            }
            try budget.step(targets.count)
            for (target, part) in zip(targets, parts) { try target.assign(part, frame) }
        }
    }

    private func namespace(_ reference: Reference, _ frame: Activation) -> Namespace? {
        guard case .object(let object)? = reference.value(in: frame) else { return nil }
        return object as? Namespace
    }

    private static var noNamespace: JinjaError {
        .runtime("cannot assign an attribute on something that is no namespace")
    }

    /// Refuses what has no attributes to assign, before the value is made.
    func check(_ frame: Activation) throws(JinjaError) {
        switch self {
        case .variable: break
        case .namespace(let reference, _, _): if namespace(reference, frame) == nil { throw Self.noNamespace }
        case .tuple(let targets): for target in targets { try target.check(frame) }
        }
    }
}

final class SetNode: StatementNode, @unchecked Sendable {
    private let target: Target
    private let value: ExpressionNode

    init(_ target: Target, _ value: ExpressionNode, line: Int) {
        self.target = target
        self.value = value
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        if case .variable(let slot) = target {
            frame.slots[slot] = try value.evaluate(frame)
        } else {
            try target.check(frame)
            try target.assign(try value.evaluate(frame), frame)
        }
        return .normal
    }
}

/// Statements with variables of their own.
struct ScopedBody: Sendable {
    let prologue: Prologue
    let statements: [StatementNode]

    /// What the statements write.
    func capture(_ frame: Activation) throws(JinjaError) -> (text: TracedString, flow: Flow) {
        var builder = TracedBuilder()
        prologue.enter(frame)
        let flow = try statements.execute(frame, &builder)
        try frame.render.budget.allocate(builder.bytes.count)
        return (builder.finish(), flow)
    }
}

/// `{% set name %}…{% endset %}`
final class SetBlockNode: StatementNode, @unchecked Sendable {
    private let target: Target
    private let filter: BlockFilter
    private let body: ScopedBody

    init(_ target: Target, _ filter: BlockFilter, _ body: ScopedBody, line: Int) {
        self.target = target
        self.filter = filter
        self.body = body
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        let (text, flow) = try body.capture(frame)
        if flow != .normal { return flow }
        try target.check(frame)
        try target.assign(try filter.apply(text, frame), frame)
        body.prologue.leave(frame)
        return .normal
    }
}

/// `{% filter name %}…{% endfilter %}`
final class FilterBlockNode: StatementNode, @unchecked Sendable {
    private let filter: BlockFilter
    private let body: ScopedBody

    init(_ filter: BlockFilter, _ body: ScopedBody, line: Int) {
        self.filter = filter
        self.body = body
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        let (text, flow) = try body.capture(frame)
        if flow != .normal { return flow }
        let value = try filter.apply(text, frame)
        try frame.render.write(try PythonRepr.string(value, frame.render.budget), to: &output)
        body.prologue.leave(frame)
        return .normal
    }
}

final class WithNode: StatementNode, @unchecked Sendable {
    private let values: [(target: Target, value: ExpressionNode)]
    private let body: ScopedBody

    init(_ values: [(target: Target, value: ExpressionNode)], _ body: ScopedBody, line: Int) {
        self.values = values
        self.body = body
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        body.prologue.enter(frame)
        for (target, value) in values { try target.assign(try value.evaluate(frame), frame) }
        let flow = try body.statements.execute(frame, &output)
        body.prologue.leave(frame)
        return flow
    }
}

final class ConditionNode: StatementNode, @unchecked Sendable {
    private let branches: [(test: ExpressionNode, body: [StatementNode])]
    private let otherwise: [StatementNode]

    init(_ branches: [(test: ExpressionNode, body: [StatementNode])], _ otherwise: [StatementNode], line: Int)
    {
        self.branches = branches
        self.otherwise = otherwise
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        for (test, body) in branches {
            try frame.render.budget.step()
            if try test.isTrue(frame) { return try body.execute(frame, &output) }
        }
        return try otherwise.execute(frame, &output)
    }
}

/// `{% break %}` and `{% continue %}`
final class FlowNode: StatementNode, @unchecked Sendable {
    private let flow: Flow

    init(_ flow: Flow, line: Int) {
        self.flow = flow
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        flow
    }
}
