/// The path of an `attribute` argument: `name`, `a.b.0`, or an index.
struct AttributePath {
    private let parts: [JinjaValue]

    init(_ attribute: JinjaValue?) throws(JinjaError) {
        switch attribute {
        case nil, .none?: parts = []
        case .string(let text)?: parts = Self.parts(text.text)
        case .some(let value): parts = [value]
        }
    }

    private init(parts: [JinjaValue]) { self.parts = parts }

    private static func parts(_ text: String) -> [JinjaValue] {
        text.split(separator: ".", omittingEmptySubsequences: false).map { part in
            !part.isEmpty && part.utf8.allSatisfy(\.isASCIIDigit)
                ? Int(part).map { .int($0) } ?? .none : .text(String(part))
        }
    }

    /// The paths of a list like `age,name`.
    static func list(_ attribute: JinjaValue?) throws(JinjaError) -> [AttributePath] {
        guard case .string(let text)? = attribute else { return [try AttributePath(attribute)] }
        return text.text.split(separator: ",", omittingEmptySubsequences: false).map {
            AttributePath(parts: parts(String($0)))
        }
    }

    /// - Parameter standard: what takes the place of what is not defined on the way
    func value(
        of value: JinjaValue, default standard: JinjaValue? = nil, _ budget: RenderBudget
    ) throws(JinjaError) -> JinjaValue {
        var value = value
        for part in parts {
            try budget.step()
            value = try PythonMember.item(value, part, budget)
            if value.isUndefined, let standard { value = standard }
        }
        return value
    }

    /// A value as it is compared: text in lower case unless case matters.
    static func comparable(_ value: JinjaValue, caseSensitive: Bool, _ budget: RenderBudget)
        throws(JinjaError) -> JinjaValue
    {
        guard !caseSensitive, case .string(let text) = value else { return value }
        try budget.allocate(text.bytes.count)
        return .string(text.lowercased)
    }
}
