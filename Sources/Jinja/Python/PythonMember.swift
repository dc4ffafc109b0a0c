/// Attributes and elements as the sandbox of Jinja finds them: `a.b` looks for an attribute and then for an element,
/// `a['b']` the other way round.
enum PythonMember {
    /// `value.name`.
    static func attribute(
        _ value: JinjaValue, _ name: String, _ budget: RenderBudget
    ) throws(JinjaError) -> JinjaValue {
        try attribute(value, name, key: .text(name), budget)
    }

    /// `value.name`, with the name as a value that is made once.
    static func attribute(
        _ value: JinjaValue, _ name: String, key: JinjaValue, _ budget: RenderBudget
    ) throws(JinjaError) -> JinjaValue {
        if let found = try own(value, name, budget) { return found }
        if case .map(let map) = value, case .string(let key) = key, let element = map[key.bytes] {
            return element
        }
        return .undefined(UndefinedValue(.member, name))
    }

    /// `value[key]`.
    static func item(_ value: JinjaValue, _ key: JinjaValue, _ budget: RenderBudget) throws(JinjaError)
        -> JinjaValue
    {
        if let element = try PythonSequence.item(value, key, budget) { return element }
        if case .string(let name) = key, let found = try own(value, name.text, budget) { return found }
        let name = try? PythonRepr.repr(key, budget)
        return .undefined(UndefinedValue(.member, name?.text ?? key.typeName))
    }

    /// What Python's `getattr` finds, as far as the sandbox lets it be used.
    private static func own(
        _ value: JinjaValue, _ name: String, _ budget: RenderBudget
    ) throws(JinjaError) -> JinjaValue? {
        switch value {
        case .undefined(let value):
            guard specialNames.contains(name) else { throw value.error }
        case .map(let map): if let method = MapMethods.method(map, name) { return method }
        case .string(let text):
            if let method = StringMethods.method(name) {
                return .object(
                    NativeFunction(name) { arguments, budget throws(JinjaError) in
                        try method(text, arguments, budget)
                    })
            }
        case .list(let list), .tuple(let list):
            if let member = ListMethods.member(value, list, name) { return member }
        case .int(let number):
            switch name {
            case "real", "numerator": return value
            case "imag": return .int(0)
            case "denominator": return .int(1)
            case "bit_length":
                return .object(
                    NativeFunction(name) { _, _ in .int(64 - number.magnitude.leadingZeroBitCount) })
            default: break
            }
        case .float(let number):
            if name == "is_integer" {
                return .object(
                    NativeFunction(name) { _, _ in .bool(number == number.rounded() && number.isFinite) })
            }
        case .object(let object):
            if name.hasPrefix("_") { break }
            return try object.attribute(name)
        default: break
        }
        // All of Python's objects have these; none may be used.
        if name.hasPrefix("__"), name.hasSuffix("__"), specialNames.contains(name) {
            return .undefined(UndefinedValue(.unsafe, name))
        }
        return nil
    }

    private static let specialNames: Set<String> = [
        "__class__", "__delattr__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__",
        "__getattribute__",
        "__getstate__", "__gt__", "__hash__", "__init__", "__init_subclass__", "__le__", "__lt__", "__ne__",
        "__new__",
        "__reduce__", "__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__",
    ]
}

/// Methods of `dict`.
enum MapMethods {
    /// Methods that change a dictionary, which the sandbox does not let a template have.
    private static let changing: Set<String> = ["clear", "pop", "popitem", "setdefault", "update"]

    static func method(_ map: JinjaMap, _ name: String) -> JinjaValue? {
        if changing.contains(name) { return .undefined(UndefinedValue(.unsafe, name)) }
        let body: NativeFunction.Body
        switch name {
        case "get":
            body = { arguments, _ throws(JinjaError) in
                let values = try arguments.positional("get", 1...2)
                return try map.value(of: values[0]) ?? (values.count > 1 ? values[1] : .none)
            }
        case "keys", "values", "items":
            let part: MapView.Part = name == "keys" ? .keys : name == "values" ? .values : .items
            body = { arguments, budget throws(JinjaError) in
                _ = try arguments.positional(name, 0...0)
                try RenderBudget.checkDepth(map.depth + 2)
                return .object(MapView(map, part))
            }
        case "copy":
            body = { arguments, _ throws(JinjaError) in
                _ = try arguments.positional("copy", 0...0)
                return .map(map)
            }
        case "fromkeys":
            body = { arguments, budget throws(JinjaError) in
                let values = try arguments.positional("fromkeys", 1...2)
                var pairs: [(key: JinjaValue, value: JinjaValue)] = []
                for key in try PythonSequence.elements(values[0], budget) {
                    pairs.append((key, values.count > 1 ? values[1] : .none))
                }
                try budget.allocateList(pairs.count * 3)
                return .map(try JinjaMap(pairs))
            }
        default: return nil
        }
        return .object(NativeFunction(name, depth: map.depth + 1, body))
    }
}

/// What `keys()`, `values()` and `items()` of a dictionary give.
final class MapView: JinjaObject, @unchecked Sendable {
    enum Part: String { case keys, values, items }

    private let map: JinjaMap
    private let part: Part

    init(_ map: JinjaMap, _ part: Part) {
        self.map = map
        self.part = part
    }

    override var typeName: String { "dict_\(part.rawValue)" }
    override var depth: Int { map.depth + 2 }
    override var length: Int? { map.count }
    override var isHashable: Bool { part == .values }

    private func elements() throws(JinjaError) -> [JinjaValue] {
        switch part {
        case .keys: return map.keys
        case .values: return map.values
        case .items:
            var pairs: [JinjaValue] = []
            pairs.reserveCapacity(map.count)
            for (place, key) in map.keys.enumerated() {
                pairs.append(.tuple(try JinjaList([key, map.values[place]])))
            }
            return pairs
        }
    }

    override func contains(_ value: JinjaValue) throws(JinjaError) -> Bool? {
        part == .keys ? try map.value(of: value) != nil : nil
    }

    override func isEqual(_ other: JinjaObject) -> Bool {
        guard part == .keys, let other = other as? MapView, other.part == .keys, map.count == other.map.count
        else {
            return false
        }
        return map.keys.allSatisfy { (try? other.map.value(of: $0)) != nil }
    }

    override func iterator() -> ValueIterator? { (try? elements()).map { ListIterator($0, depth: depth) } }
    override func reversed() throws(JinjaError) -> [JinjaValue]? { try elements().reversed() }

    override func write(to builder: inout TracedBuilder, _ budget: RenderBudget) throws(JinjaError) {
        builder.append("dict_\(part.rawValue)(", .template)
        try PythonRepr.write(try elements(), "[", "]", to: &builder, budget)
        builder.append(")")
    }
}

/// Methods of `list` and `tuple`.
enum ListMethods {
    private static let changing: Set<String> = [
        "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove",
    ]

    static func member(_ value: JinjaValue, _ list: JinjaList, _ name: String) -> JinjaValue? {
        if case .list = value {
            if changing.contains(name) { return .undefined(UndefinedValue(.unsafe, name)) }
            if name == "copy" {
                return .object(NativeFunction(name, depth: list.depth + 1) { _, _ in value })
            }
        }
        if list.isGroup, name == "grouper" { return list.values[0] }
        if list.isGroup, name == "list" { return list.values[1] }
        switch name {
        case "count":
            return .object(
                NativeFunction(name, depth: list.depth + 1) { arguments, budget throws(JinjaError) in
                    let wanted = try arguments.positional("count", 1...1)[0]
                    var count = 0
                    for value in list.values {
                        try budget.step()
                        if try PythonLogic.equal(value, wanted, budget) { count += 1 }
                    }
                    return .int(count)
                })
        case "index":
            return .object(
                NativeFunction(name, depth: list.depth + 1) { arguments, budget throws(JinjaError) in
                    try index(list, try arguments.positional("index", 1...3), budget)
                })
        default: return nil
        }
    }

    private static func index(
        _ list: JinjaList, _ arguments: [JinjaValue], _ budget: RenderBudget
    ) throws(JinjaError) -> JinjaValue {
        func bound(_ place: Int, _ standard: Int) throws(JinjaError) -> Int {
            guard arguments.indices.contains(place) else { return standard }
            let index = try StringMethods.integer(arguments[place], "index")
            return index < 0 ? max(index + list.values.count, 0) : min(index, list.values.count)
        }
        let (start, end) = (try bound(1, 0), try bound(2, list.values.count))
        for place in start..<max(start, end) {
            try budget.step()
            if try PythonLogic.equal(list.values[place], arguments[0], budget) { return .int(place) }
        }
        throw .runtime("the value is not in the list")
    }
}
