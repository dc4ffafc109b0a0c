/// A value and what is done with it from left to right.
final class ChainNode: ExpressionNode, @unchecked Sendable {
    private let base: ExpressionNode
    private let links: [LinkNode]

    init(_ base: ExpressionNode, _ links: [LinkNode]) {
        self.base = base
        self.links = links
    }

    override func evaluate(_ frame: Activation) throws(JinjaError) -> JinjaValue {
        var value = try base.evaluate(frame)
        for link in links {
            try frame.render.budget.step()
            value = try link.apply(value, frame)
        }
        return value
    }
}

/// The text of a block and the filters it goes through.
struct BlockFilter: Sendable {
    let links: [LinkNode]

    func apply(_ text: TracedString, _ frame: Activation) throws(JinjaError) -> JinjaValue {
        var value = JinjaValue.string(text)
        for link in links { value = try link.apply(value, frame) }
        return value
    }
}

/// One step of a chain.
class LinkNode: @unchecked Sendable {
    // Nodes are made once and never change.
    func apply(_ value: JinjaValue, _ frame: Activation) throws(JinjaError) -> JinjaValue { value }
}

final class AttributeLink: LinkNode, @unchecked Sendable {
    private let name: String
    private let key: JinjaValue
    private let bytes: [UInt8]
    /// Whether a dictionary has a method of this name, or something that may not be used.
    private let isReserved: Bool

    init(_ name: String) {
        self.name = name
        key = .text(name)
        bytes = Array(name.utf8)
        isReserved = MapMethods.method(.empty, name) != nil || name.hasPrefix("__")
    }

    override func apply(_ value: JinjaValue, _ frame: Activation) throws(JinjaError) -> JinjaValue {
        // Nearly all attributes are keys of messages.
        if !isReserved, case .map(let map) = value {
            return map[bytes] ?? .undefined(UndefinedValue(.member, name))
        }
        return try PythonMember.attribute(value, name, key: key, frame.render.budget)
    }
}

final class ItemLink: LinkNode, @unchecked Sendable {
    private let key: ExpressionNode
    init(_ key: ExpressionNode) { self.key = key }

    override func apply(_ value: JinjaValue, _ frame: Activation) throws(JinjaError) -> JinjaValue {
        let key = try key.evaluate(frame)
        if case .map(let map) = value, case .string(let name) = key, let element = map[name.bytes] {
            return element
        }
        return try PythonMember.item(value, key, frame.render.budget)
    }
}

final class SliceLink: LinkNode, @unchecked Sendable {
    private let bounds: [ExpressionNode?]
    init(_ start: ExpressionNode?, _ stop: ExpressionNode?, _ step: ExpressionNode?) {
        bounds = [start, stop, step]
    }

    override func apply(_ value: JinjaValue, _ frame: Activation) throws(JinjaError) -> JinjaValue {
        var values: [JinjaValue?] = []
        for bound in bounds {
            values.append(try bound.map { (bound) throws(JinjaError) in try bound.evaluate(frame) })
        }
        return try PythonSequence.slice(value, values[0], values[1], values[2], frame.render.budget)
    }
}

/// Arguments that can be evaluated.
struct ArgumentNodes: Sendable {
    let positional: [ExpressionNode]
    let keywords: [(name: String, value: ExpressionNode)]
    let spread: ExpressionNode?
    let spreadKeywords: ExpressionNode?

    func evaluate(_ frame: Activation) throws(JinjaError) -> CallArguments {
        var arguments = CallArguments()
        let budget = frame.render.budget
        for value in positional { arguments.positional.append(try value.evaluate(frame)) }
        for (name, value) in keywords { arguments.keywords.append((name, try value.evaluate(frame))) }
        if let spread {
            arguments.positional += try PythonSequence.elements(try spread.evaluate(frame), budget)
            try budget.allocateList(arguments.positional.count)
        }
        if let spreadKeywords {
            guard case .map(let map) = try spreadKeywords.evaluate(frame) else {
                throw .runtime("the argument after ** must be a mapping")
            }
            try budget.allocateList(map.count)
            for (place, key) in map.keys.enumerated() {
                guard case .string(let name) = key else { throw .runtime("keywords must be strings") }
                try budget.step(keywords.count)
                guard !keywords.contains(where: { $0.name == name.text }) else {
                    throw .runtime("got multiple values for the argument '\(name.text)'")
                }
                arguments.keywords.append((name.text, map.values[place]))
            }
        }
        return arguments
    }
}

final class CallLink: LinkNode, @unchecked Sendable {
    private let arguments: ArgumentNodes
    init(_ arguments: ArgumentNodes) { self.arguments = arguments }

    override func apply(_ value: JinjaValue, _ frame: Activation) throws(JinjaError) -> JinjaValue {
        try Self.call(value, try arguments.evaluate(frame), frame.render.budget)
    }

    static func call(
        _ value: JinjaValue, _ arguments: CallArguments, _ budget: RenderBudget
    ) throws(JinjaError) -> JinjaValue {
        switch value {
        case .object(let object): return try object.call(arguments, budget)
        case .undefined(let undefined): throw undefined.error
        default: throw .runtime("'\(value.typeName)' object is not callable")
        }
    }
}

final class FilterLink: LinkNode, @unchecked Sendable {
    private let filter: Filter
    private let arguments: ArgumentNodes

    init(_ filter: @escaping Filter, _ arguments: ArgumentNodes) {
        self.filter = filter
        self.arguments = arguments
    }

    override func apply(_ value: JinjaValue, _ frame: Activation) throws(JinjaError) -> JinjaValue {
        try filter(value, try arguments.evaluate(frame), frame.render.budget)
    }
}

final class TestLink: LinkNode, @unchecked Sendable {
    private let test: Test
    private let arguments: ArgumentNodes
    private let isNegated: Bool

    init(_ test: @escaping Test, _ arguments: ArgumentNodes, isNegated: Bool) {
        self.test = test
        self.arguments = arguments
        self.isNegated = isNegated
    }

    override func apply(_ value: JinjaValue, _ frame: Activation) throws(JinjaError) -> JinjaValue {
        .bool(try test(value, try arguments.evaluate(frame), frame.render.budget) != isNegated)
    }
}
