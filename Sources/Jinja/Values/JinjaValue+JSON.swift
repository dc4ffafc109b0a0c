import Support

extension JinjaValue {
    /// JSON, all texts of which (keys too) have one author. Keys are sorted, since `JSONValue` keeps no order.
    /// - Throws: `JinjaError` of kind `limit` if values are nested too deeply.
    package init(_ json: JSONValue, origin: Origin) throws(JinjaError) {
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
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                pairs.append((.text(key, origin: origin), try JinjaValue(value, origin: origin)))
            }
            self = .map(try JinjaMap(pairs))
        }
    }

    /// The parser's next value as Python's `json` reads it: keys keep their order, and 30.0 is a float.
    ///
    ///     var parser = JSONParser(data, fileName: "chats.jsonl")
    ///     try parser.pull { value = try JinjaValue(parsing: &$0, origin: Origin(1)) }
    ///
    /// - Throws: `UserError` with line and column of a mistake.
    package init(parsing parser: inout JSONParser, origin: Origin) throws {
        try self.init(parsing: &parser, origin: origin, depth: 0)
    }

    private init(parsing parser: inout JSONParser, origin: Origin, depth: Int) throws {
        // The bound of values, checked before the recursion and not after.
        try RenderBudget.checkDepth(depth)
        switch parser.nextKind() {
        case .object:
            var pairs: [(key: JinjaValue, value: JinjaValue)] = []
            try parser.members { key, parser in
                let value = try JinjaValue(parsing: &parser, origin: origin, depth: depth + 1)
                pairs.append((.text(key, origin: origin), value))
            }
            self = .map(try JinjaMap(pairs))
        case .array:
            var values: [JinjaValue] = []
            try parser.elements { parser in
                values.append(try JinjaValue(parsing: &parser, origin: origin, depth: depth + 1))
            }
            self = try .list(values)
        case .string, .scalar:
            let (value, isInteger) = try parser.scalar()
            if case .integer(let number) = value, !isInteger {
                self = .float(Double(number))
            } else {
                self = try JinjaValue(value, origin: origin)
            }
        }
    }
}
