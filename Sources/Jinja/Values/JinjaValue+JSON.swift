import Support

extension JinjaValue {
    /// JSON, all texts of which (keys too) have one author.
    /// - Throws: `JinjaError` of kind `limit` if values are nested too deeply.
    public init(_ json: OrderedJSON, origin: Origin) throws(JinjaError) {
        switch json {
        case .null: self = .none
        case .boolean(let flag): self = .bool(flag)
        case .integer(let number): self = .int(number)
        case .number(let number): self = .float(number)
        case .string(let text): self = .text(text, origin: origin)
        case .array(let elements):
            var values: [JinjaValue] = []
            for element in elements { values.append(try JinjaValue(element, origin: origin)) }
            self = try .list(values)
        case .object(let members):
            var pairs: [(key: JinjaValue, value: JinjaValue)] = []
            for member in members {
                pairs.append(
                    (.text(member.key, origin: origin), try JinjaValue(member.value, origin: origin)))
            }
            self = .map(try JinjaMap(pairs))
        }
    }
}
