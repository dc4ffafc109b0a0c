/// Elements of values: iteration, `len`, subscripts and slices.
enum PythonSequence {
    /// Python's `iter`.
    /// - Throws: `JinjaError` for what has no elements.
    static func iterator(_ value: JinjaValue) throws(JinjaError) -> ValueIterator {
        switch value {
        case .list(let list), .tuple(let list): return ListIterator(list.values, depth: list.depth)
        case .map(let map): return ListIterator(map.keys, depth: map.depth)
        case .string(let text): return CharacterIterator(text)
        case .undefined: return ListIterator([])
        case .object(let object): if let iterator = object.iterator() { return iterator }
        default: break
        }
        throw .runtime("'\(value.typeName)' object is not iterable")
    }

    /// Whether `iter` succeeds.
    static func isIterable(_ value: JinjaValue) -> Bool {
        switch value {
        case .none, .bool, .int, .float: false
        case .object(let object): object.iterator() != nil
        default: true
        }
    }

    /// All elements, as Python's `list` makes them.
    static func elements(_ value: JinjaValue, _ budget: RenderBudget) throws(JinjaError) -> [JinjaValue] {
        switch value {
        case .list(let list), .tuple(let list): return list.values
        case .map(let map): return map.keys
        default:
            let elements = try iterator(value)
            var values: [JinjaValue] = []
            while let element = try elements.next() {
                try budget.allocateList(1)
                try budget.step()
                values.append(element)
            }
            return values
        }
    }

    /// Python's `len`.
    static func length(_ value: JinjaValue) throws(JinjaError) -> Int {
        switch value {
        case .list(let list), .tuple(let list): return list.values.count
        case .map(let map): return map.count
        case .string(let text): return text.count
        case .undefined: return 0
        case .object(let object): if let length = object.length { return length }
        default: break
        }
        throw .runtime("object of type '\(value.typeName)' has no len()")
    }

    /// Python's `reversed`, nil if it raises a `TypeError`.
    static func reversed(_ value: JinjaValue, _ budget: RenderBudget) throws(JinjaError) -> [JinjaValue]? {
        switch value {
        case .list, .tuple, .map, .string:
            let values = try elements(value, budget)
            try budget.allocateList(values.count)
            return values.reversed()
        case .object(let object): return try object.reversed()
        default: return nil
        }
    }

    /// An index as Python reads it, nil if the value is no integer.
    static func index(_ value: JinjaValue) -> Int? {
        switch value {
        case .int(let number): number
        case .bool(let flag): flag ? 1 : 0
        default: nil
        }
    }

    /// `value[key]`, nil where Python raises a `LookupError` or `TypeError`.
    static func item(_ value: JinjaValue, _ key: JinjaValue, _ budget: RenderBudget) throws(JinjaError)
        -> JinjaValue?
    {
        switch value {
        case .map(let map):
            switch key {
            case .list, .map: return nil
            case .object(let object) where !object.isHashable: return nil
            default: return try? map.value(of: key)
            }
        case .list(let list), .tuple(let list):
            guard let index = index(key), let place = place(index, list.values.count) else { return nil }
            return list.values[place]
        case .string(let text):
            guard let index = index(key) else { return nil }
            try budget.step(text.isASCII ? 0 : text.bytes.count / 32)
            guard let place = place(index, text.count) else { return nil }
            let start = text.offset(of: place)
            return .string(text.slice(start..<start + PythonText.scalar(text.bytes, start).length))
        case .object(let object): return try object.item(key)
        case .undefined(let value): throw value.error
        default: return nil
        }
    }

    /// An index from the front, nil if it lies outside.
    static func place(_ index: Int, _ count: Int) -> Int? {
        let place = index < 0 ? index + count : index
        return place >= 0 && place < count ? place : nil
    }

    /// `value[start:stop:step]`.
    static func slice(
        _ value: JinjaValue, _ start: JinjaValue?, _ stop: JinjaValue?, _ step: JinjaValue?,
        _ budget: RenderBudget
    ) throws(JinjaError) -> JinjaValue {
        let step = try bound(step) ?? 1
        guard step != 0 else { throw .runtime("slice step cannot be zero") }
        let (start, stop) = (try bound(start), try bound(stop))
        switch value {
        case .list(let list):
            return .list(try JinjaList(part(list.values, start, stop, step, budget)))
        case .tuple(let list):
            return .tuple(try JinjaList(part(list.values, start, stop, step, budget)))
        case .string(let text):
            return .string(try part(text, start, stop, step, budget))
        case .object(let object):
            if let range = object as? RangeObject { return .object(range.slice(start, stop, step)) }
        case .undefined(let value): throw value.error
        default: break
        }
        throw .runtime("'\(value.typeName)' object cannot be sliced")
    }

    private static func bound(_ value: JinjaValue?) throws(JinjaError) -> Int? {
        guard let value, !value.isNone else { return nil }
        guard let index = index(value) else {
            throw .runtime("slice indices must be integers or None, not \(value.typeName)")
        }
        return index
    }

    private static func part(
        _ values: [JinjaValue], _ start: Int?, _ stop: Int?, _ step: Int, _ budget: RenderBudget
    ) throws(JinjaError) -> [JinjaValue] {
        let indices = SliceIndices(start, stop, step, count: values.count)
        try budget.allocateList(indices.count)
        return step == 1
            ? Array(values[indices.start..<indices.start + indices.count]) : indices.map { values[$0] }
    }

    private static func part(
        _ text: TracedString, _ start: Int?, _ stop: Int?, _ step: Int, _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        if !text.isASCII { try budget.step(text.bytes.count / 32) }
        let indices = SliceIndices(start, stop, step, count: text.count)
        try budget.allocate(indices.count)
        if step == 1 {
            let first = text.offset(of: indices.start)
            return text.slice(first..<text.offset(of: indices.start + indices.count))
        }
        let boundaries = text.boundaries
        try budget.allocate(boundaries.count, times: 8)
        var builder = TracedBuilder()
        for index in indices { builder.append(text, boundaries[index]..<boundaries[index + 1]) }
        return builder.finish(markup: text.isMarkup)
    }
}

/// The indices of a slice with a step, as Python's `slice.indices` gives them.
struct SliceIndices: Sequence {
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    init(_ start: Int?, _ stop: Int?, _ step: Int, count length: Int) {
        func clamp(_ index: Int, _ low: Int, _ high: Int) -> Int {
            Swift.min(Swift.max(index < 0 ? index + length : index, low), high)
        }
        let first: Int
        let last: Int
        if step > 0 {
            first = start.map { clamp($0, 0, length) } ?? 0
            last = stop.map { clamp($0, 0, length) } ?? length
            count = first < last ? (last - first - 1) / step + 1 : 0
        } else {
            first = start.map { clamp($0, -1, length - 1) } ?? length - 1
            last = stop.map { clamp($0, -1, length - 1) } ?? -1
            // A magnitude of Int.min has no positive Int.
            count = last < first ? Int(UInt(first - last - 1) / step.magnitude) + 1 : 0
        }
        self.start = first
        self.stop = last
        self.step = step
    }

    func makeIterator() -> AnyIterator<Int> {
        var left = count
        var next = start
        return AnyIterator {
            guard left > 0 else { return nil }
            left -= 1
            defer { next = next &+ step }
            return next
        }
    }
}

/// The characters of a string.
final class CharacterIterator: ValueIterator, @unchecked Sendable {
    private let text: TracedString
    private var offset = 0

    init(_ text: TracedString) { self.text = text.markup(false) }

    override func next() throws(JinjaError) -> JinjaValue? {
        guard offset < text.bytes.count else { return nil }
        let length = PythonText.scalar(text.bytes, offset).length
        defer { offset += length }
        return .string(text.slice(offset..<offset + length))
    }
}

/// Python's `range`.
final class RangeObject: JinjaObject, @unchecked Sendable {
    let start: Int
    let stop: Int
    let step: Int
    let count: Int

    init(start: Int, stop: Int, step: Int) {
        self.start = start
        self.stop = stop
        self.step = step
        let (low, high) = step > 0 ? (start, stop) : (stop, start)
        let span = low < high ? UInt(bitPattern: high &- low) : 0
        let steps = span == 0 ? 0 : (span - 1) / step.magnitude + 1
        count = Int(clamping: steps)
    }

    override var typeName: String { "range" }
    override var length: Int? { count }
    override var isSequence: Bool { true }

    override func item(_ key: JinjaValue) throws(JinjaError) -> JinjaValue? {
        guard let index = PythonSequence.index(key), let place = PythonSequence.place(index, count) else {
            return nil
        }
        return .int(start + place * step)
    }

    func slice(_ start: Int?, _ stop: Int?, _ step: Int) -> RangeObject {
        let indices = SliceIndices(start, stop, step, count: count)
        let first = self.start + indices.start * self.step
        let (stride, overflows) = self.step.multipliedReportingOverflow(by: step)
        // As Python writes it: the end is where the slice's own end lies.
        let (last, isFar) = indices.stop.multipliedReportingOverflow(by: self.step)
        guard !overflows, !isFar else { return RangeObject(start: first, stop: first, step: 1) }
        return RangeObject(start: first, stop: self.start + last, step: stride)
    }

    override func attribute(_ name: String) throws(JinjaError) -> JinjaValue? {
        switch name {
        case "start": .int(start)
        case "stop": .int(stop)
        case "step": .int(step)
        default: nil
        }
    }

    override func iterator() -> ValueIterator? { RangeIterator(self) }
    override func reversed() throws(JinjaError) -> [JinjaValue]? {
        (0..<count).reversed().map { .int(start + $0 * step) }
    }

    override func isEqual(_ other: JinjaObject) -> Bool {
        guard let other = other as? RangeObject, count == other.count else { return false }
        return count == 0 || (start == other.start && (count == 1 || step == other.step))
    }

    override func write(to builder: inout TracedBuilder, _ budget: RenderBudget) throws(JinjaError) {
        builder.append("range(\(start), \(stop)\(step == 1 ? "" : ", \(step)"))", .template)
    }
}

private final class RangeIterator: ValueIterator, @unchecked Sendable {
    private let range: RangeObject
    private var place = 0

    init(_ range: RangeObject) { self.range = range }

    override func next() throws(JinjaError) -> JinjaValue? {
        guard place < range.count else { return nil }
        defer { place += 1 }
        return .int(range.start + place * range.step)
    }
}
