/// The variables of one function: the template, a macro, the body of a call block or recursive loop, or a loop's filter.
final class FunctionScope {
    private struct Name: Hashable {
        var level: Int
        var name: String
    }

    let parent: FunctionScope?
    private var slots: [Name: Int] = [:]

    init(parent: FunctionScope?) { self.parent = parent }

    /// How many variables it has.
    var count: Int { slots.count }

    /// The slot of a name at a level of blocks. Blocks beside each other share slots.
    func slot(_ name: String, level: Int) -> Int {
        let key = Name(level: level, name: name)
        if let slot = slots[key] { return slot }
        slots[key] = slots.count
        return slots.count - 1
    }
}

/// A variable of a function.
struct Variable {
    let function: FunctionScope
    let slot: Int
}

/// What a variable holds when its block begins.
enum VariableLoad {
    /// What the block's owner puts there: a parameter, or the target of a loop.
    case parameter
    /// What was given to the render, or a global function.
    case resolved(String)
    /// The variable of the same name outside of the block.
    case alias(Variable)
    /// Nothing.
    case unset
}

/// Which variable a name means in a block, by Jinja's rules: a block that assigns to a name has a variable of its own, which begins
/// with the value of the outer one.
final class Symbols {
    /// What the analysis of a template may cost: conditions copy the names that are known before them.
    final class Work {
        private var left = 4_000_000
        var isExceeded: Bool { left < 0 }
        func spend(_ count: Int) { left = max(left - count, -1) }
    }

    let work: Work
    let function: FunctionScope
    private let parent: Symbols?
    private let level: Int
    private var variables: [String: Variable] = [:]
    private(set) var loads: [Int: VariableLoad] = [:]
    private var stores: Set<String> = []

    init(parent: Symbols?, function: FunctionScope) {
        self.parent = parent
        self.function = function
        level = parent.map { $0.level + 1 } ?? 0
        work = parent?.work ?? Work()
    }

    private init(copying other: Symbols) {
        function = other.function
        parent = other.parent
        work = other.work
        level = other.level
        variables = other.variables
        loads = other.loads
        stores = other.stores
    }

    func find(_ name: String) -> Variable? { variables[name] ?? parent?.find(name) }

    private func define(_ name: String, _ load: VariableLoad) {
        let slot = function.slot(name, level: level)
        variables[name] = Variable(function: function, slot: slot)
        loads[slot] = load
    }

    func declareParameter(_ name: String) {
        stores.insert(name)
        define(name, .parameter)
    }

    private func store(_ name: String) {
        stores.insert(name)
        guard variables[name] == nil else { return }
        define(name, parent?.find(name).map { .alias($0) } ?? .unset)
    }

    func load(_ name: String) {
        if find(name) == nil { define(name, .resolved(name)) }
    }

    /// Takes over what the branches of a condition assign. A name that only some of them set keeps its outer value in others.
    private func update(_ branches: [Symbols]) {
        let added = branches.reduce(into: Set<String>()) { $0.formUnion($1.stores) }.subtracting(stores)
        for branch in branches {
            variables.merge(branch.variables) { $1 }
            loads.merge(branch.loads) { $1 }
            stores.formUnion(branch.stores)
        }
        for name in added {
            guard let variable = variables[name] else { continue }
            loads[variable.slot] = parent?.find(name).map { .alias($0) } ?? .resolved(name)
        }
    }

    // MARK: - Statements

    func visit(_ statements: [Statement]) {
        for statement in statements { visit(statement) }
    }

    /// What a statement reads and assigns in the block it stands in. Blocks of its own have their own symbols.
    private func visit(_ statement: Statement) {
        switch statement.kind {
        case .text, .breakLoop, .continueLoop, .generation: break
        case .output(let value): visit(value)
        case .set(let target, let value):
            visit(value)
            visit(target)
        case .setBlock(let target, _, _): visit(target)
        case .condition(let branches, let otherwise): visit(branches[...], otherwise)
        case .loop(let loop): visit(loop.values)
        case .macro(let macro): store(macro.name ?? "")
        case .callBlock(_, let call): visit(call)
        case .filterBlock(let filter, _): visit(filter)
        case .with(let values, _): for (_, value) in values { visit(value) }
        }
    }

    private func visit(
        _ branches: ArraySlice<(test: Expression, body: [Statement])>, _ otherwise: [Statement]
    ) {
        work.spend(4 * (variables.count + loads.count))
        guard let first = branches.first, !work.isExceeded else { return }
        visit(first.test)
        let (body, alternatives, last) = (
            Symbols(copying: self), Symbols(copying: self), Symbols(copying: self)
        )
        body.visit(first.body)
        for branch in branches.dropFirst() { alternatives.visit([branch], []) }
        last.visit(otherwise)
        update([body, alternatives, last])
    }

    func visit(_ target: AssignmentTarget) {
        switch target {
        case .name(let name): store(name)
        case .tuple(let targets): for target in targets { visit(target) }
        case .namespace(let name, _): load(name)
        }
    }

    /// The targets of a loop or `with`.
    func declare(_ target: AssignmentTarget) {
        switch target {
        case .name(let name): declareParameter(name)
        case .tuple(let targets): for target in targets { declare(target) }
        case .namespace(let name, _): load(name)
        }
    }

    func visit(_ expression: Expression) { expression.forEachName { load($0) } }
}

extension Expression {
    /// Calls `body` with each name that the expression reads.
    func forEachName(_ body: (String) -> Void) {
        switch self {
        case .constant: break
        case .name(let name): body(name)
        case .tuple(let values), .list(let values), .and(let values), .or(let values),
            .concatenation(let values):
            for value in values { value.forEachName(body) }
        case .map(let pairs):
            for (key, value) in pairs {
                key.forEachName(body)
                value.forEachName(body)
            }
        case .negate(let value), .positive(let value), .not(let value): value.forEachName(body)
        case .arithmetic(let first, let operands):
            first.forEachName(body)
            for (_, operand) in operands { operand.forEachName(body) }
        case .comparison(let first, let operands):
            first.forEachName(body)
            for (_, operand) in operands { operand.forEachName(body) }
        case .conditional(let test, let then, let otherwise):
            test.forEachName(body)
            then.forEachName(body)
            otherwise?.forEachName(body)
        case .chain(let base, let links):
            base?.forEachName(body)
            for link in links { link.forEachName(body) }
        }
    }
}

extension Link {
    fileprivate func forEachName(_ body: (String) -> Void) {
        switch kind {
        case .attribute: break
        case .item(let key): key.forEachName(body)
        case .slice(let start, let stop, let step):
            for bound in [start, stop, step] { bound?.forEachName(body) }
        case .call(let arguments), .filter(_, let arguments), .test(_, let arguments, _):
            for value in arguments.positional { value.forEachName(body) }
            for (_, value) in arguments.keywords { value.forEachName(body) }
            arguments.spread?.forEachName(body)
            arguments.spreadKeywords?.forEachName(body)
        }
    }
}

extension [Statement] {
    /// Calls `reads` and `assigns` with each name in these statements and all that they hold, in order.
    ///
    /// It does not stop at blocks: so Jinja finds out whether a loop's body says `loop`, or a macro's `caller`.
    func forEachName(reads: (String) -> Void, assigns: (String) -> Void) {
        for statement in self {
            switch statement.kind {
            case .text, .breakLoop, .continueLoop: break
            case .output(let value): value.forEachName(reads)
            case .set(let target, let value):
                target.forEachName(assigns)
                value.forEachName(reads)
            case .setBlock(let target, let filter, let body):
                target.forEachName(assigns)
                filter?.forEachName(reads)
                body.forEachName(reads: reads, assigns: assigns)
            case .condition(let branches, let otherwise):
                for (test, body) in branches {
                    test.forEachName(reads)
                    body.forEachName(reads: reads, assigns: assigns)
                }
                otherwise.forEachName(reads: reads, assigns: assigns)
            case .loop(let loop):
                loop.target.forEachName(assigns)
                loop.values.forEachName(reads)
                loop.body.forEachName(reads: reads, assigns: assigns)
                loop.otherwise.forEachName(reads: reads, assigns: assigns)
                loop.test?.forEachName(reads)
            case .macro(let macro), .generation(let macro): macro.forEachName(reads: reads, assigns: assigns)
            case .callBlock(let macro, let call):
                call.forEachName(reads)
                macro.forEachName(reads: reads, assigns: assigns)
            case .filterBlock(let filter, let body):
                body.forEachName(reads: reads, assigns: assigns)
                filter.forEachName(reads)
            case .with(let values, let body):
                for (target, _) in values { target.forEachName(assigns) }
                for (_, value) in values { value.forEachName(reads) }
                body.forEachName(reads: reads, assigns: assigns)
            }
        }
    }

    /// Which of these names are read before they are assigned to.
    func reading(_ names: Set<String>) -> Set<String> {
        var open = names
        var found: Set<String> = []
        forEachName(reads: { if open.contains($0) { found.insert($0) } }, assigns: { open.remove($0) })
        return found
    }
}

extension Statement.Macro {
    fileprivate func forEachName(reads: (String) -> Void, assigns: (String) -> Void) {
        for parameter in parameters { assigns(parameter) }
        for value in defaults { value.forEachName(reads) }
        body.forEachName(reads: reads, assigns: assigns)
    }
}

extension AssignmentTarget {
    func forEachName(_ body: (String) -> Void) {
        switch self {
        case .name(let name): body(name)
        case .tuple(let targets): for target in targets { target.forEachName(body) }
        case .namespace: break
        }
    }
}
