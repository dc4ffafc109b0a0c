/// Makes nodes of a syntax tree: names become slots, filters and tests become functions.
struct Compiler {
    /// Names that come from outside of the template, by their numbers.
    final class Context {
        private(set) var names: [String] = []
        private var numbers: [String: Int] = [:]

        func number(_ name: String) -> Int {
            if let number = numbers[name] { return number }
            numbers[name] = names.count
            names.append(name)
            return names.count - 1
        }
    }

    /// How deep nodes are nested, to bound what a call needs of the stack.
    final class Depth {
        private(set) var current = 0
        var deepest = 0

        func enter() {
            current += 1
            deepest = max(deepest, current)
        }

        func leave() { current -= 1 }
    }

    let context: Context
    var symbols: Symbols
    var depth: Depth
    /// Whether an unknown filter or test is an error only when it is used: Jinja lets conditions ask for them.
    var isSoft = false
    var isInLoop = false

    static func program(_ statements: [Statement]) throws(JinjaError) -> (
        prologue: Prologue, body: [StatementNode], names: [String], variables: Int, depth: Int
    ) {
        let function = FunctionScope(parent: nil)
        let symbols = Symbols(parent: nil, function: function)
        symbols.visit(statements)
        let compiler = Compiler(context: Context(), symbols: symbols, depth: Depth())
        let body = try compiler.nodes(statements)
        return (compiler.prologue(), body, compiler.context.names, function.count, compiler.depth.deepest)
    }

    /// The compiler of a block with variables of its own, in the same function.
    func inner() -> Compiler {
        var inner = self
        inner.symbols = Symbols(parent: symbols, function: symbols.function)
        inner.isSoft = false
        return inner
    }

    /// The compiler of a function that is defined here.
    func function() -> Compiler {
        var inner = self
        inner.symbols = Symbols(parent: symbols, function: FunctionScope(parent: symbols.function))
        inner.depth = Depth()
        inner.isSoft = false
        inner.isInLoop = false
        return inner
    }

    func soft() -> Compiler {
        var soft = self
        soft.isSoft = true
        return soft
    }

    // MARK: - Variables

    func reference(_ name: String) -> Reference {
        if symbols.find(name) == nil { symbols.load(name) }
        return reference(symbols.find(name)!)
    }

    private func reference(_ variable: Variable) -> Reference {
        var hops = 0
        var function = symbols.function
        while function !== variable.function, let parent = function.parent {
            function = parent
            hops += 1
        }
        return Reference(hops: hops, slot: variable.slot)
    }

    func prologue() -> Prologue {
        var loads: [(slot: Int, load: Prologue.Load)] = []
        for (slot, load) in symbols.loads.sorted(by: { $0.key < $1.key }) {
            switch load {
            case .parameter: break
            case .resolved(let name): loads.append((slot, .context(context.number(name))))
            case .alias(let variable): loads.append((slot, .alias(reference(variable))))
            case .unset: loads.append((slot, .unset))
            }
        }
        return Prologue(loads: loads, slots: symbols.loads.keys.sorted())
    }

    func target(_ target: AssignmentTarget) throws(JinjaError) -> Target {
        switch target {
        case .name(let name): return .variable(slot: reference(name).slot)
        case .namespace(let name, let attribute):
            return .namespace(reference(name), name: name, attribute: attribute)
        case .tuple(let targets):
            return .tuple(try targets.map { (target) throws(JinjaError) in try self.target(target) })
        }
    }
}
