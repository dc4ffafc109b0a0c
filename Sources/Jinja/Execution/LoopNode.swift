/// `{% for … %}`
final class LoopNode: StatementNode, @unchecked Sendable {
    /// Parts that are made after the node, since a recursive loop's are in a function of its own.
    struct Parts: Sendable {
        let target: Target
        let values: ExpressionNode
        let filter: LoopFilter?
        let prologue: Prologue
        let body: [StatementNode]
        let otherwise: ScopedBody?
        /// The slot of the variable `loop`, if the body names it.
        let loopSlot: Int?
        /// The function of a recursive loop.
        let recursion: Recursion?
    }

    struct Recursion: Sendable {
        let variables: Int
        let depth: Int
    }

    private let parts: Parts

    init(_ parts: Parts, line: Int) {
        self.parts = parts
        super.init(line: line)
    }

    override func execute(_ frame: Activation, _ output: inout TracedBuilder) throws(JinjaError) -> Flow {
        let values = try parts.values.evaluate(frame)
        guard parts.recursion != nil else { return try run(values, frame, frame, depth: 0, &output) }
        try frame.render.write(try recurse(values, in: frame, depth: 0), to: &output)
        return .normal
    }

    /// What a recursive loop writes for some values.
    func recurse(_ values: JinjaValue, in parent: Activation, depth: Int) throws(JinjaError) -> TracedString {
        let render = parent.render
        let levels = parts.recursion?.depth ?? 0
        try render.budget.enter(levels)
        defer { render.budget.leave(levels) }
        let frame = try Activation(render, parent: parent, count: parts.recursion?.variables ?? 0)
        var builder = TracedBuilder()
        // A loop that is kept in a namespace refers to this call.
        try frame.register()
        _ = try run(values, frame, parent, depth: depth, &builder)
        try render.budget.allocate(builder.bytes.count)
        return builder.finish()
    }

    private func run(
        _ values: JinjaValue, _ frame: Activation, _ parent: Activation, depth: Int,
        _ output: inout TracedBuilder
    ) throws(JinjaError) -> Flow {
        var isEmpty = true
        let flow: Flow
        if let slot = parts.loopSlot {
            flow = try runExtended(values, frame, parent, depth, slot, &isEmpty, &output)
        } else if parts.filter == nil, case .list(let list) = values {
            flow = try runSimple(list.values, frame, &isEmpty, &output)
        } else {
            let elements = try iterator(values, parent)
            flow = try iterate(frame, &isEmpty, &output) { () throws(JinjaError) in try elements.next() }
        }
        parts.prologue.leave(frame)
        guard isEmpty, flow == .normal, let otherwise = parts.otherwise else { return flow }
        otherwise.prologue.enter(frame)
        let last = try otherwise.statements.execute(frame, &output)
        otherwise.prologue.leave(frame)
        return last
    }

    private func iterator(_ values: JinjaValue, _ parent: Activation) throws(JinjaError) -> ValueIterator {
        let elements = try PythonSequence.iterator(values)
        guard let filter = parts.filter else { return elements }
        return try filter.apply(to: elements, parent)
    }

    private func runSimple(
        _ values: [JinjaValue], _ frame: Activation, _ isEmpty: inout Bool, _ output: inout TracedBuilder
    ) throws(JinjaError) -> Flow {
        var place = 0
        return try iterate(frame, &isEmpty, &output) { () throws(JinjaError) in
            guard place < values.count else { return nil }
            defer { place += 1 }
            return values[place]
        }
    }

    private func runExtended(
        _ values: JinjaValue, _ frame: Activation, _ parent: Activation, _ depth: Int, _ slot: Int,
        _ isEmpty: inout Bool, _ output: inout TracedBuilder
    ) throws(JinjaError) -> Flow {
        let elements = try iterator(values, parent)
        let length = parts.filter == nil ? try? PythonSequence.length(values) : nil
        let loop = LoopObject(elements, length: length, depth: depth, budget: frame.render.budget)
        if parts.recursion != nil {
            loop.recurse = { [self] (values, depth) throws(JinjaError) in
                try recurse(values, in: parent, depth: depth)
            }
        }
        // The variable refers to the loop, whose filter may refer to the variables.
        defer {
            loop.recurse = nil
            if slot < frame.slots.count { frame.slots[slot] = nil }
        }
        return try iterate(frame, &isEmpty, &output) { () throws(JinjaError) in
            guard let element = try loop.advance() else { return nil }
            frame.slots[slot] = .object(loop)
            return element
        }
    }

    private func iterate(
        _ frame: Activation, _ isEmpty: inout Bool, _ output: inout TracedBuilder,
        next: () throws(JinjaError) -> JinjaValue?
    ) throws(JinjaError) -> Flow {
        while let element = try next() {
            try frame.render.budget.step()
            if case .variable(let slot) = parts.target {
                frame.slots[slot] = element
            } else {
                try parts.target.assign(element, frame)
            }
            parts.prologue.enter(frame)
            let flow = try parts.body.execute(frame, &output)
            // A loop that was left by `continue` in its only round has still run; Python sets its mark at the end of a round.
            if flow == .breakLoop { return .normal }
            if flow == .normal { isEmpty = false }
        }
        return .normal
    }
}

/// The condition of `for … if …`, a function with its own variables: it runs when elements are asked for.
final class LoopFilter: @unchecked Sendable {
    // Made once, never changed.
    private let target: Target
    private let test: ExpressionNode
    private let prologue: Prologue
    private let variables: Int

    init(target: Target, test: ExpressionNode, prologue: Prologue, variables: Int) {
        self.target = target
        self.test = test
        self.prologue = prologue
        self.variables = variables
    }

    func apply(to elements: ValueIterator, _ parent: Activation) throws(JinjaError) -> ValueIterator {
        let frame = try Activation(parent.render, parent: parent, count: variables)
        prologue.enter(frame)
        return try MappedIterator(elements, depth: 0) { [self] (element) throws(JinjaError) in
            try frame.render.budget.step()
            try target.assign(element, frame)
            return try test.isTrue(frame) ? element : nil
        }
    }
}

/// The variable `loop`.
final class LoopObject: JinjaObject, @unchecked Sendable {
    private var elements: ValueIterator
    private var known: Int?
    private let depth0: Int
    private let budget: RenderBudget
    private var index0 = -1
    private var ahead: JinjaValue?
    private var current: JinjaValue?
    private var previous: JinjaValue?
    private var lastChanged: [JinjaValue]?
    /// Renders the loop's body for other values.
    var recurse: ((JinjaValue, Int) throws(JinjaError) -> TracedString)?

    init(_ elements: ValueIterator, length: Int?, depth: Int, budget: RenderBudget) {
        self.elements = elements
        known = length
        depth0 = depth
        self.budget = budget
    }

    override var typeName: String { "LoopContext" }
    override var isCallable: Bool { true }
    override var depth: Int { elements.depth + 1 }
    // `len(loop)` asks for all elements, so it is not known without an error; the attribute is.

    func advance() throws(JinjaError) -> JinjaValue? {
        let element: JinjaValue?
        if let peeked = ahead {
            element = peeked
            ahead = nil
        } else {
            element = try elements.next()
        }
        guard let element else { return nil }
        index0 += 1
        previous = current
        current = element
        return element
    }

    private func peek() throws(JinjaError) -> JinjaValue? {
        if ahead == nil { ahead = try elements.next() }
        return ahead
    }

    private func total() throws(JinjaError) -> Int {
        if let known { return known }
        var rest: [JinjaValue] = []
        while let element = try elements.next() {
            try budget.allocateList(1)
            rest.append(element)
        }
        let count = rest.count + index0 + 1 + (ahead == nil ? 0 : 1)
        elements = ListIterator(rest, depth: elements.depth)
        known = count
        return count
    }

    override func attribute(_ name: String) throws(JinjaError) -> JinjaValue? {
        switch name {
        case "index": return .int(index0 + 1)
        case "index0": return .int(index0)
        case "first": return .bool(index0 == 0)
        case "last": return .bool(try peek() == nil)
        case "length": return .int(try total())
        case "revindex": return .int(try total() - index0)
        case "revindex0": return .int(try total() - index0 - 1)
        case "depth": return .int(depth0 + 1)
        case "depth0": return .int(depth0)
        case "previtem":
            return index0 == 0 ? .undefined(UndefinedValue(.message, "there is no previous item")) : previous
        case "nextitem": return try peek() ?? .undefined(UndefinedValue(.message, "there is no next item"))
        case "cycle":
            return .object(
                NativeFunction(name) { [self] arguments, _ throws(JinjaError) in
                    let values = try arguments.positional("cycle", 0...Int.max)
                    guard !values.isEmpty else { throw .runtime("no items for cycling given") }
                    return values[index0 % values.count]
                })
        case "changed":
            return .object(
                NativeFunction(name) { [self] arguments, budget throws(JinjaError) in
                    let values = try arguments.positional("changed", 0...Int.max)
                    if let last = lastChanged,
                        try PythonLogic.equal(
                            .tuple(try JinjaList(last)), .tuple(try JinjaList(values)), budget)
                    {
                        return .bool(false)
                    }
                    lastChanged = values
                    return .bool(true)
                })
        default: return nil
        }
    }

    override func call(_ arguments: CallArguments, _ budget: RenderBudget) throws(JinjaError) -> JinjaValue {
        let values = try arguments.bind("loop", ["iterable"], required: 1)[0]!
        guard let recurse else {
            throw .runtime("the loop must have the 'recursive' marker to be called recursively")
        }
        return .string(try recurse(values, depth0 + 1))
    }

    override func write(to builder: inout TracedBuilder, _ budget: RenderBudget) throws(JinjaError) {
        builder.append("<LoopContext \(index0 + 1)/\(try total())>", .template)
    }
}
