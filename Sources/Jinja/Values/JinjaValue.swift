/// A value of a template: what Python would hold.
public enum JinjaValue: Sendable {
    /// What an unknown name or key gives: prints as nothing, is false, and fails in most operations.
    case undefined(UndefinedValue)
    /// Python's `None`, JSON's `null`.
    case none
    /// A truth value, which counts as 0 or 1 in arithmetic.
    case bool(Bool)
    /// Python's integers have no bound; these end in an error of kind `limit`.
    case int(Int)
    /// A number that is written with a point: 30.0 is not 30.
    case float(Double)
    /// Text whose characters know who wrote them.
    case string(TracedString)
    /// Values in order.
    case list(JinjaList)
    /// Python's tuple: a list that can be a key.
    case tuple(JinjaList)
    /// A dictionary.
    case map(JinjaMap)
    /// What only a template makes: functions, macros, namespaces, iterators.
    case object(JinjaObject)

    /// A text of one author.
    public static func text(_ text: String, origin: Origin) -> JinjaValue {
        .string(TracedString(text, origin: origin))
    }

    /// A list.
    /// - Throws: `JinjaError` of kind `limit` if values are nested too deeply.
    public static func list(_ values: [JinjaValue]) throws(JinjaError) -> JinjaValue {
        .list(try JinjaList(values))
    }

    /// A text of the template.
    static func text(_ text: String) -> JinjaValue { .string(TracedString(text)) }

    /// Levels of lists, maps and objects.
    var depth: Int {
        switch self {
        case .undefined, .none, .bool, .int, .float, .string: 0
        case .list(let list), .tuple(let list): list.depth
        case .map(let map): map.depth
        case .object(let object): object.depth
        }
    }

    /// What Python calls the value's type.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .int: "int"
        case .float: "float"
        case .string(let text): text.isMarkup ? "Markup" : "str"
        case .list: "list"
        case .tuple: "tuple"
        case .map: "dict"
        case .object(let object): object.typeName
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }
    var isNone: Bool { if case .none = self { true } else { false } }
}

/// What is known of a value that is not defined.
public struct UndefinedValue: Hashable, Sendable {
    enum Reason: UInt8, Sendable { case name, member, unsafe, message }
    let reason: Reason
    let name: String

    init(_ reason: Reason, _ name: String) {
        self.reason = reason
        self.name = name
    }

    /// What using it is answered with.
    var error: JinjaError {
        switch reason {
        case .name: JinjaError(.undefined, "'\(name)' is undefined")
        case .member: JinjaError(.undefined, "the value has no attribute or element '\(name)'")
        case .unsafe: JinjaError(.undefined, "access to attribute '\(name)' is unsafe")
        case .message: JinjaError(.undefined, name)
        }
    }
}

/// Values in order. They never change: transformers' sandbox refuses what would.
public struct JinjaList: Sendable {
    let values: [JinjaValue]
    let depth: Int
    /// Whether it is one of `groupby`'s pairs, which also have names.
    let isGroup: Bool

    init(_ values: [JinjaValue], isGroup: Bool = false) throws(JinjaError) {
        var deepest = 0
        for value in values { deepest = max(deepest, value.depth) }
        try RenderBudget.checkDepth(deepest + 1)
        self.values = values
        depth = deepest + 1
        self.isGroup = isGroup
    }
}
