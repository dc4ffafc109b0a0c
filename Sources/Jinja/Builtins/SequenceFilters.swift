/// Filters of lists and other values with elements.
enum SequenceFilters {
    static let first: Filter = { value, arguments, _ throws(JinjaError) in
        _ = try arguments.positional("first", 0...0)
        return try PythonSequence.iterator(value).next() ?? empty("first")
    }

    static let last: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("last", 0...0)
        switch value {
        case .list(let list), .tuple(let list): return list.values.last ?? empty("last")
        case .string(let text):
            guard !text.isEmpty else { return empty("last") }
            let length = PythonText.scalar(text.bytes, before: text.bytes.count).length
            return .string(text.slice(text.bytes.count - length..<text.bytes.count))
        default: break
        }
        if value.isUndefined { return empty("last") }
        guard let values = try PythonSequence.reversed(value, budget) else {
            throw .runtime("'\(value.typeName)' object is not reversible")
        }
        return values.first ?? empty("last")
    }

    private static func empty(_ filter: String) -> JinjaValue {
        .undefined(UndefinedValue(.message, "no \(filter) item, the sequence was empty"))
    }

    static let length: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("length", 0...0)
        if case .string(let text) = value, !text.isASCII { try budget.step(text.bytes.count / 32) }
        return .int(try PythonSequence.length(value))
    }

    static let list: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("list", 0...0)
        return try .list(try PythonSequence.elements(value, budget))
    }

    static let reverse: Filter = { value, arguments, budget throws(JinjaError) in
        _ = try arguments.positional("reverse", 0...0)
        if case .string(let text) = value {
            return .string(
                try PythonSequence.slice(.string(text), nil, nil, .int(-1), budget).textOrEmpty)
        }
        if value.isUndefined { return .object(ListIterator([])) }
        if let values = try PythonSequence.reversed(value, budget) {
            return .object(ListIterator(values, depth: value.depth + 1))
        }
        return try .list(try PythonSequence.elements(value, budget).reversed())
    }

    static let items: Filter = { value, arguments, _ throws(JinjaError) in
        _ = try arguments.positional("items", 0...0)
        if value.isUndefined { return .object(ListIterator([])) }
        guard case .map(let map) = value else {
            return .object(FailingIterator(.runtime("items expects a mapping")))
        }
        return .object(ListIterator(try pairs(map).map { .tuple($0) }, depth: map.depth + 2))
    }

    static func pairs(_ map: JinjaMap) throws(JinjaError) -> [JinjaList] {
        var pairs: [JinjaList] = []
        for (place, key) in map.keys.enumerated() { pairs.append(try JinjaList([key, map.values[place]])) }
        return pairs
    }

    static let sort: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("sort", ["reverse", "case_sensitive", "attribute"])
        let paths = try AttributePath.list(given[2])
        let isSensitive = given[1].map(PythonLogic.isTrue) ?? false
        let values = try PythonSequence.elements(value, budget)
        return try .list(
            try PythonSort.sorted(values, reverse: given[0].map(PythonLogic.isTrue) ?? false, budget) {
                (value) throws(JinjaError) in
                var keys: [JinjaValue] = []
                for path in paths {
                    keys.append(
                        try AttributePath.comparable(
                            try path.value(of: value, budget), caseSensitive: isSensitive, budget))
                }
                return try .list(keys)
            })
    }

    static let sortMap: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("dictsort", ["case_sensitive", "by", "reverse"])
        guard case .map(let map) = value else {
            if case .undefined(let undefined) = value { throw undefined.error }
            throw .runtime("dictsort expects a dict")
        }
        let isSensitive = given[0].map(PythonLogic.isTrue) ?? false
        let part: Int
        switch given[1].map(\.textOrEmpty.text) ?? "key" {
        case "key": part = 0
        case "value": part = 1
        default: throw .runtime("you can only sort by either \"key\" or \"value\"")
        }
        let sorted = try PythonSort.sorted(
            try pairs(map), reverse: given[2].map(PythonLogic.isTrue) ?? false, budget
        ) { (pair) throws(JinjaError) in
            try AttributePath.comparable(pair.values[part], caseSensitive: isSensitive, budget)
        }
        return try .list(sorted.map { .tuple($0) })
    }

    static let unique: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("unique", ["case_sensitive", "attribute"])
        let path = try AttributePath(given[1])
        let isSensitive = given[0].map(PythonLogic.isTrue) ?? false
        var seen: Set<MapKey> = []
        return .object(
            try MappedIterator(elements(of: value), depth: 1) { (value) throws(JinjaError) in
                try budget.step()
                try budget.allocate(64)
                let key = try AttributePath.comparable(
                    try path.value(of: value, budget), caseSensitive: isSensitive, budget)
                return seen.insert(try MapKey(key)).inserted ? value : nil
            })
    }

    static let least: Filter = extreme("min", .less)
    static let greatest: Filter = extreme("max", .greater)

    private static func extreme(_ name: String, _ order: PythonLogic.Order) -> Filter {
        { value, arguments, budget throws(JinjaError) in
            let given = try arguments.bind(name, ["case_sensitive", "attribute"])
            let path = try AttributePath(given[1])
            let isSensitive = given[0].map(PythonLogic.isTrue) ?? false
            let values = try PythonSequence.iterator(value)
            var best: (value: JinjaValue, key: JinjaValue)?
            while let value = try values.next() {
                try budget.step()
                let key = try AttributePath.comparable(
                    try path.value(of: value, budget), caseSensitive: isSensitive, budget)
                guard let current = best else {
                    best = (value, key)
                    continue
                }
                if try PythonLogic.compare(key, order, current.key, budget) { best = (value, key) }
            }
            return best?.value
                ?? .undefined(UndefinedValue(.message, "no aggregated item, the sequence was empty"))
        }
    }

    static let sum: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("sum", ["attribute", "start"])
        let path = try AttributePath(given[0])
        var total = given[1] ?? .int(0)
        if case .string = total { throw .runtime("sum() can't sum strings") }
        let values = try PythonSequence.iterator(value)
        while let value = try values.next() {
            try budget.step()
            total = try PythonArithmetic.apply(.add, total, try path.value(of: value, budget), budget)
        }
        return total
    }

    static let group: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("groupby", ["attribute", "default", "case_sensitive"], required: 1)
        let path = try AttributePath(given[0])
        let standard = given[1].flatMap { $0.isNone ? nil : $0 }
        let isSensitive = given[2].map(PythonLogic.isTrue) ?? false
        func key(_ value: JinjaValue) throws(JinjaError) -> JinjaValue {
            try AttributePath.comparable(
                try path.value(of: value, default: standard, budget), caseSensitive: isSensitive, budget)
        }
        let sorted = try PythonSort.sorted(try PythonSequence.elements(value, budget), budget, by: key)
        var groups: [(key: JinjaValue, values: [JinjaValue])] = []
        for value in sorted {
            let key = try key(value)
            if let last = groups.indices.last, try PythonLogic.equal(groups[last].key, key, budget) {
                groups[last].values.append(value)
            } else {
                groups.append((key, [value]))
            }
        }
        var pairs: [JinjaValue] = []
        for group in groups {
            let name =
                isSensitive ? group.key : try path.value(of: group.values[0], default: standard, budget)
            pairs.append(.tuple(try JinjaList([name, try .list(group.values)], isGroup: true)))
        }
        return try .list(pairs)
    }

    /// The elements, or an iterator that fails: a generator of Python finds out when it is asked.
    private static func elements(of value: JinjaValue) -> ValueIterator {
        do throws(JinjaError) { return try PythonSequence.iterator(value) } catch {
            return FailingIterator(error)
        }
    }

    static let batch: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("batch", ["linecount", "fill_with"], required: 1)
        guard PythonSequence.isIterable(value) else { return .object(elements(of: value)) }
        let count = try StringMethods.integer(given[0]!, "batch")
        var batches: [JinjaValue] = []
        var batch: [JinjaValue] = []
        for value in try PythonSequence.elements(value, budget) {
            if batch.count == count {
                batches.append(try .list(batch))
                batch = []
            }
            batch.append(value)
        }
        if !batch.isEmpty {
            if let fill = given[1], !fill.isNone, batch.count < count {
                try budget.allocateList(count - batch.count)
                batch += Array(repeating: fill, count: count - batch.count)
            }
            batches.append(try .list(batch))
        }
        return .object(ListIterator(batches, depth: value.depth + 2))
    }

    static let slice: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind("slice", ["slices", "fill_with"], required: 1)
        guard PythonSequence.isIterable(value) else { return .object(elements(of: value)) }
        let count = try StringMethods.integer(given[0]!, "slice")
        let values = try PythonSequence.elements(value, budget)
        guard count != 0 else {
            return .object(FailingIterator(.runtime("integer division or modulo by zero")))
        }
        guard count > 0 else { return .object(ListIterator([])) }
        try budget.allocateList(count)
        try budget.step(count)
        let (each, extra) = (values.count / count, values.count % count)
        var slices: [JinjaValue] = []
        var start = 0
        for number in 0..<count {
            let end = start + each + (number < extra ? 1 : 0)
            var part = Array(values[start..<end])
            if let fill = given[1], !fill.isNone, number >= extra { part.append(fill) }
            slices.append(try .list(part))
            start = end
        }
        return .object(ListIterator(slices, depth: value.depth + 2))
    }
}

/// An iterator that Python lets fail when its first element is asked for.
final class FailingIterator: ValueIterator, @unchecked Sendable {
    private let error: JinjaError
    init(_ error: JinjaError) { self.error = error }
    override func next() throws(JinjaError) -> JinjaValue? { throw error }
}

extension JinjaValue {
    /// The text of a string.
    var textOrEmpty: TracedString { if case .string(let text) = self { text } else { .empty } }
}
