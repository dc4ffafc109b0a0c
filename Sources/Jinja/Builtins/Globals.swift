/// The functions that a template finds without being given them.
enum Globals {
    static let names = [
        "range", "dict", "namespace", "cycler", "joiner", "lipsum", "raise_exception", "strftime_now",
    ]

    static func value(_ name: String, _ clock: Clock) -> JinjaValue? {
        let body: NativeFunction.Body
        switch name {
        case "range": body = range
        case "dict": body = dict
        case "namespace": body = namespace
        case "cycler":
            body = { arguments, budget throws(JinjaError) in
                .object(try Cycler(arguments.positional("cycler", 0...Int.max)))
            }
        case "joiner":
            body = { arguments, budget throws(JinjaError) in
                .object(try Joiner(try arguments.bind("joiner", ["sep"])[0] ?? .text(", ")))
            }
        case "lipsum":
            body = { _, _ throws(JinjaError) in
                throw JinjaError(.syntax, "lipsum is not supported: its result differs from render to render")
            }
        case "raise_exception":
            body = { arguments, budget throws(JinjaError) in
                let message = try arguments.bind("raise_exception", ["message"], required: 1)[0]!
                throw JinjaError(.raised, try PythonRepr.string(message, budget).text)
            }
        case "strftime_now":
            body = { arguments, budget throws(JinjaError) in
                let format = try arguments.bind("strftime_now", ["format"], required: 1)[0]!
                return .string(try clock.text(try StringMethods.textValue(format, "strftime_now"), budget))
            }
        default: return nil
        }
        return .object(NativeFunction(name, body))
    }

    /// The sandbox's bound on ranges.
    private static let longestRange = 100_000

    private static let range: NativeFunction.Body = { arguments, budget throws(JinjaError) in
        var bounds: [Int] = []
        for value in try arguments.positional("range", 1...3) {
            if case .undefined(let undefined) = value { throw undefined.error }
            bounds.append(try StringMethods.integer(value, "range"))
        }
        let step = bounds.count > 2 ? bounds[2] : 1
        guard step != 0 else { throw .runtime("range() arg 3 must not be zero") }
        let range =
            bounds.count == 1
            ? RangeObject(start: 0, stop: bounds[0], step: 1)
            : RangeObject(start: bounds[0], stop: bounds[1], step: step)
        guard range.count <= longestRange else {
            throw .runtime("range too big: the sandbox allows \(longestRange) items")
        }
        return .object(range)
    }

    /// The pairs of `dict(...)`: of a mapping or a list of pairs, and the keywords.
    private static func pairs(
        _ arguments: CallArguments, _ name: String, _ budget: RenderBudget
    ) throws(JinjaError) -> [(key: JinjaValue, value: JinjaValue)] {
        guard arguments.positional.count <= 1 else { throw .runtime("\(name) expected at most 1 argument") }
        var pairs: [(key: JinjaValue, value: JinjaValue)] = []
        switch arguments.positional.first {
        case nil: break
        case .undefined(let undefined)?: throw undefined.error
        case .map(let map)?: pairs = zip(map.keys, map.values).map { ($0, $1) }
        case .object(let namespace as Namespace)?:
            pairs = namespace.attributes.map { (.text($0.name), $0.value) }
        case .some(let value):
            for element in try PythonSequence.elements(value, budget) {
                let pair = try PythonSequence.elements(element, budget)
                guard pair.count == 2 else {
                    throw .runtime("a pair is expected for each element of \(name)")
                }
                pairs.append((pair[0], pair[1]))
            }
        }
        pairs += arguments.keywords.map { (.text($0.name), $0.value) }
        try budget.allocateList(3 * pairs.count)
        return pairs
    }

    private static let dict: NativeFunction.Body = { arguments, budget throws(JinjaError) in
        .map(try JinjaMap(try pairs(arguments, "dict", budget)))
    }

    private static let namespace: NativeFunction.Body = { arguments, budget throws(JinjaError) in
        let namespace = Namespace()
        try budget.register(namespace)
        for (key, value) in try pairs(arguments, "namespace", budget) {
            guard case .string(let name) = key else { throw .runtime("a namespace's names are strings") }
            try namespace.set(name.text, value)
        }
        return .object(namespace)
    }
}

/// `namespace(...)`: the one value that a template can change.
final class Namespace: JinjaObject, @unchecked Sendable {
    private(set) var attributes: [(name: String, value: JinjaValue)] = []
    private var places: [String: Int] = [:]

    override var typeName: String { "Namespace" }

    func set(_ name: String, _ value: JinjaValue) throws(JinjaError) {
        guard !name.hasPrefix("_") else {
            throw .runtime("a namespace cannot store the attribute '\(name)': it begins with an underscore")
        }
        if let place = places[name] {
            attributes[place].value = value
        } else {
            places[name] = attributes.count
            attributes.append((name, value))
        }
    }

    override func attribute(_ name: String) throws(JinjaError) -> JinjaValue? {
        places[name].map { attributes[$0].value }
    }

    override func dismantle() {
        attributes = []
        places = [:]
    }

    override func write(to builder: inout TracedBuilder, _ budget: RenderBudget) throws(JinjaError) {
        // A namespace may hold itself: each level counts with all that may be nested in it.
        let levels = 2 * (attributes.map(\.value.depth).max() ?? 0) + 4
        try budget.enter(levels)
        defer { budget.leave(levels) }
        builder.append("<Namespace {")
        for (place, attribute) in attributes.enumerated() {
            if place > 0 { builder.append(", ") }
            try PythonRepr.write(.text(attribute.name), to: &builder, budget)
            builder.append(": ")
            try PythonRepr.write(attribute.value, to: &builder, budget)
        }
        builder.append("}>")
    }
}

/// `cycler(...)`: values in turn.
private final class Cycler: JinjaObject, @unchecked Sendable {
    private let items: JinjaList
    private var place = 0

    init(_ items: [JinjaValue]) throws(JinjaError) {
        guard !items.isEmpty else { throw .runtime("at least one item has to be provided") }
        self.items = try JinjaList(items)
    }

    override var typeName: String { "Cycler" }
    override var depth: Int { items.depth + 1 }

    override func attribute(_ name: String) throws(JinjaError) -> JinjaValue? {
        switch name {
        case "current": return items.values[place]
        case "items": return .tuple(items)
        case "pos": return .int(place)
        case "next", "reset":
            return .object(
                NativeFunction(name, depth: depth + 1) { [self] arguments, _ throws(JinjaError) in
                    _ = try arguments.positional(name, 0...0)
                    let current = items.values[place]
                    place = name == "next" ? (place + 1) % items.values.count : 0
                    return name == "next" ? current : .none
                })
        default: return nil
        }
    }
}

/// `joiner(...)`: nothing at the first call, its separator at others.
private final class Joiner: JinjaObject, @unchecked Sendable {
    private let separator: JinjaValue
    private var isUsed = false

    init(_ separator: JinjaValue) throws(JinjaError) {
        self.separator = separator
        super.init()
        try RenderBudget.checkDepth(depth)
    }

    override var typeName: String { "Joiner" }
    override var isCallable: Bool { true }
    override var depth: Int { separator.depth + 1 }

    override func attribute(_ name: String) throws(JinjaError) -> JinjaValue? {
        switch name {
        case "sep": separator
        case "used": .bool(isUsed)
        default: nil
        }
    }

    override func call(_ arguments: CallArguments, _ budget: RenderBudget) throws(JinjaError) -> JinjaValue {
        _ = try arguments.positional("joiner", 0...0)
        defer { isUsed = true }
        return isUsed ? separator : .string(.empty)
    }
}
