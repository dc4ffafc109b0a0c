/// A dictionary that keeps the order in which keys were given. It never changes.
public struct JinjaMap: Sendable {
    private final class Storage: Sendable {
        let keys: [JinjaValue]
        let values: [JinjaValue]
        /// Where a key is; nil for few keys, which are compared one by one.
        let index: [MapKey: Int]?
        let depth: Int

        init(keys: [JinjaValue], values: [JinjaValue], index: [MapKey: Int]?, depth: Int) {
            self.keys = keys
            self.values = values
            self.index = index
            self.depth = depth
        }
    }

    /// Up to so many keys a search is faster than a hash.
    private static let few = 8

    private let storage: Storage

    static let empty = JinjaMap(storage: Storage(keys: [], values: [], index: nil, depth: 1))

    private init(storage: Storage) { self.storage = storage }

    /// A dictionary; a key that is given again replaces the value and keeps the place, as in Python.
    /// - Throws: `JinjaError` if a key is no key for Python (a list) or values are nested too deeply.
    public init(_ pairs: [(key: JinjaValue, value: JinjaValue)]) throws(JinjaError) {
        var keys: [JinjaValue] = []
        var values: [JinjaValue] = []
        var index: [MapKey: Int] = [:]
        var deepest = 0
        keys.reserveCapacity(pairs.count)
        values.reserveCapacity(pairs.count)
        for (key, value) in pairs {
            let hashed = try MapKey(key)
            deepest = max(deepest, value.depth, key.depth)
            if pairs.count > 1, let place = index[hashed] {
                values[place] = value
            } else {
                if pairs.count > 1 { index[hashed] = keys.count }
                keys.append(key)
                values.append(value)
            }
        }
        try RenderBudget.checkDepth(deepest + 1)
        storage = Storage(
            keys: keys, values: values, index: keys.count > Self.few ? index : nil, depth: deepest + 1)
    }

    var keys: [JinjaValue] { storage.keys }
    var values: [JinjaValue] { storage.values }
    var count: Int { storage.keys.count }
    var depth: Int { storage.depth }

    /// Whether both are one object for Python.
    func isSame(as other: JinjaMap) -> Bool { storage === other.storage }

    /// The value of a key that is text.
    subscript(name: [UInt8]) -> JinjaValue? {
        if let index = storage.index { return index[.text(name)].map { storage.values[$0] } }
        for (place, key) in storage.keys.enumerated() {
            if case .string(let text) = key, text.bytes == name { return storage.values[place] }
        }
        return nil
    }

    /// The value of any key.
    /// - Throws: `JinjaError` for what is no key.
    func value(of key: JinjaValue) throws(JinjaError) -> JinjaValue? {
        if case .string(let text) = key { return self[text.bytes] }
        let wanted = try MapKey(key)
        if let index = storage.index { return index[wanted].map { storage.values[$0] } }
        for (place, key) in storage.keys.enumerated() where try MapKey(key) == wanted {
            return storage.values[place]
        }
        return nil
    }
}

/// A key as Python compares it: 1, 1.0 and True are one.
enum MapKey: Hashable, Sendable {
    case none
    case int(Int)
    case float(Double)
    case text([UInt8])
    case tuple([MapKey])
    case undefined
    case object(ObjectIdentifier)

    init(_ value: JinjaValue) throws(JinjaError) {
        switch value {
        case .none: self = .none
        case .bool(let flag): self = .int(flag ? 1 : 0)
        case .int(let number): self = .int(number)
        case .float(let number): self = Int(exactly: number).map { .int($0) } ?? .float(number)
        case .string(let text): self = .text(text.bytes)
        case .undefined: self = .undefined
        case .tuple(let list):
            var keys: [MapKey] = []
            for value in list.values { keys.append(try MapKey(value)) }
            self = .tuple(keys)
        case .object(let object):
            guard object.isHashable else { throw .runtime("unhashable type: '\(object.typeName)'") }
            self = .object(ObjectIdentifier(object))
        case .list, .map: throw .runtime("unhashable type: '\(value.typeName)'")
        }
    }
}
