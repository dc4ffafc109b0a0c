/// A value that has no counterpart outside of a render: a function, a macro, a namespace, an iterator.
///
/// Objects are made and used by one render on one thread; `Sendable` only lets them stand in a ``JinjaValue``. Each method's default is
/// what Python answers for an object that cannot do it.
public class JinjaObject: Dismantled, @unchecked Sendable {
    init() {}

    var typeName: String { "object" }
    /// Levels of values in it, itself included.
    var depth: Int { 1 }
    var isCallable: Bool { false }
    var isHashable: Bool { true }
    /// The number of elements, if Python's `len` knows it.
    var length: Int? { nil }

    func call(_ arguments: CallArguments, _ budget: RenderBudget) throws(JinjaError) -> JinjaValue {
        throw .runtime("'\(typeName)' object is not callable")
    }

    func attribute(_ name: String) throws(JinjaError) -> JinjaValue? { nil }

    /// An element, nil if there is none.
    func item(_ key: JinjaValue) throws(JinjaError) -> JinjaValue? { nil }

    /// Whether a value is among the elements, nil where only a look at each tells.
    func contains(_ value: JinjaValue) throws(JinjaError) -> Bool? { nil }

    /// Whether elements are found by number, as Python's `__getitem__` does.
    var isSequence: Bool { false }

    /// The elements one by one, nil if it has none.
    func iterator() -> ValueIterator? { nil }

    /// The elements from the last to the first, nil if Python cannot reverse it.
    func reversed() throws(JinjaError) -> [JinjaValue]? { nil }

    /// What Python's `str` gives.
    /// - Throws: `JinjaError` where that is the address of an object.
    func write(to builder: inout TracedBuilder, _ budget: RenderBudget) throws(JinjaError) {
        throw .runtime("a '\(typeName)' has no text that would be the same in each render")
    }

    /// Whether Python's `==` says so, for two objects that are not one.
    func isEqual(_ other: JinjaObject) -> Bool { false }

    /// Drops what it refers to.
    func dismantle() {}
}

/// Elements that are made as they are asked for, once each: Python's generators and iterators.
class ValueIterator: JinjaObject, @unchecked Sendable {
    override var typeName: String { "generator" }
    override func iterator() -> ValueIterator? { self }

    /// The next element, nil at the end.
    func next() throws(JinjaError) -> JinjaValue? { nil }
}

/// The elements of a list.
final class ListIterator: ValueIterator, @unchecked Sendable {
    private let values: [JinjaValue]
    private var place = 0
    private let levels: Int

    init(_ values: [JinjaValue], depth: Int = 1) {
        self.values = values
        levels = depth
    }

    override var depth: Int { levels }

    override func next() throws(JinjaError) -> JinjaValue? {
        guard place < values.count else { return nil }
        defer { place += 1 }
        return values[place]
    }

    /// How many are left, known without making them.
    var rest: ArraySlice<JinjaValue> { values[place...] }
}

/// What a function makes of the elements of another iterator.
final class MappedIterator: ValueIterator, @unchecked Sendable {
    private var source: ValueIterator?
    private let body: (JinjaValue) throws(JinjaError) -> JinjaValue?
    private let levels: Int

    /// - Parameter body: gives an element's replacement, or nil to leave it out
    init(
        _ source: ValueIterator, depth: Int, _ body: @escaping (JinjaValue) throws(JinjaError) -> JinjaValue?
    ) throws(JinjaError) {
        self.source = source
        self.body = body
        levels = max(source.depth, depth) + 1
        super.init()
        try RenderBudget.checkDepth(levels)
    }

    override var depth: Int { levels }

    override func next() throws(JinjaError) -> JinjaValue? {
        while let element = try source?.next() {
            if let made = try body(element) { return made }
        }
        source = nil
        return nil
    }
}
