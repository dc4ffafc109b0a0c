/// Arguments of a call, a filter or a test.
struct CallArguments {
    var positional: [JinjaValue] = []
    var keywords: [(name: String, value: JinjaValue)] = []

    /// The arguments of a function with known parameters.
    ///
    /// - Parameters:
    ///   - function: its name in messages
    ///   - parameters: names of all parameters
    ///   - required: how many of them have no default
    /// - Returns: a value or nil for each parameter
    /// - Throws: `JinjaError` where Python raises a `TypeError`.
    func bind(
        _ function: String, _ parameters: [String], required: Int = 0
    ) throws(JinjaError) -> [JinjaValue?] {
        guard positional.count <= parameters.count else {
            throw .runtime(
                "\(function) takes at most \(parameters.count) arguments, \(positional.count) are given")
        }
        var values: [JinjaValue?] = positional
        values += Array(repeating: nil, count: parameters.count - positional.count)
        for (name, value) in keywords {
            guard let place = parameters.firstIndex(of: name) else {
                throw .runtime("\(function) has no argument '\(name)'")
            }
            guard values[place] == nil else {
                throw .runtime("\(function) got two values for '\(name)'")
            }
            values[place] = value
        }
        for place in 0..<required where values[place] == nil {
            throw .runtime("\(function) needs the argument '\(parameters[place])'")
        }
        return values
    }

    /// Positional arguments of a function without keywords.
    func positional(_ function: String, _ accepted: ClosedRange<Int>) throws(JinjaError) -> [JinjaValue] {
        guard keywords.isEmpty else { throw .runtime("\(function) takes no keyword arguments") }
        guard accepted.contains(positional.count) else {
            throw .runtime("\(function) takes \(accepted) arguments, \(positional.count) are given")
        }
        return positional
    }
}

/// A function of this interpreter.
final class NativeFunction: JinjaObject, @unchecked Sendable {
    typealias Body = @Sendable (CallArguments, RenderBudget) throws(JinjaError) -> JinjaValue

    private let name: String
    private let body: Body
    private let levels: Int

    init(_ name: String, depth: Int = 1, _ body: @escaping Body) {
        self.name = name
        self.body = body
        levels = depth
    }

    override var typeName: String { "function" }
    override var isCallable: Bool { true }
    override var depth: Int { levels }

    override func call(_ arguments: CallArguments, _ budget: RenderBudget) throws(JinjaError) -> JinjaValue {
        try body(arguments, budget)
    }
}
