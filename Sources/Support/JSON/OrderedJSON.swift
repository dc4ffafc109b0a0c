import Foundation

/// JSON whose objects keep the order of their keys, as chat templates write them: the description of a tool is text that a
/// model reads.
///
/// `JSONEncoder` and `JSONDecoder` know no order. Through `Codable` keys come in the order of their text; `init(_:name:)` and
/// `text` keep it.
public indirect enum OrderedJSON: Hashable, Sendable {
    /// A key and its value.
    public struct Member: Hashable, Sendable {
        /// The key.
        public let key: String
        /// Its value.
        public let value: OrderedJSON

        /// A key and its value.
        public init(_ key: String, _ value: OrderedJSON) { (self.key, self.value) = (key, value) }
    }

    /// `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A number without a fraction.
    case integer(Int)
    /// Any other number.
    case number(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([OrderedJSON])
    /// An object.
    case object([Member])

    /// Reads a text that is one value.
    ///
    /// - Parameter name: Of the file, for messages.
    /// - Throws: `UserError` with line and column of the first mistake.
    public init(_ data: Data, name: String) throws {
        var parser = JSONParser(data, fileName: name)
        var value = OrderedJSON.null
        try parser.pull { value = try Self.value(of: &$0, depth: 0) }
        self = value
    }

    private static func value(of parser: inout JSONParser, depth: Int) throws -> OrderedJSON {
        guard depth <= JSONParser.deepest else {
            throw parser.error("lists and objects are nested more than \(JSONParser.deepest) deep")
        }
        switch parser.nextKind() {
        case .object:
            var members: [Member] = []
            try parser.members { members.append(Member($0, try value(of: &$1, depth: depth + 1))) }
            return .object(members)
        case .array:
            var values: [OrderedJSON] = []
            try parser.elements { values.append(try value(of: &$0, depth: depth + 1)) }
            return .array(values)
        case .string, .scalar:
            let (value, isInteger) = try parser.scalar()
            // 30.0 stays what it is: templates write it so.
            if case .integer(let number) = value, !isInteger { return .number(Double(number)) }
            return OrderedJSON(value)
        }
    }

    /// A value without an order of its own: objects are sorted by key.
    package init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .array(let values): self = .array(values.map { OrderedJSON($0) })
        case .object(let object):
            self = .object(object.sorted { $0.key < $1.key }.map { Member($0.key, OrderedJSON($0.value)) })
        }
    }

    /// The value of a key of an object; nil if there is none, or this is no object.
    public subscript(key: String) -> OrderedJSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The value of a key, or of a key in an object, such as `meta.finish_reason`; nil if there is none. A key may have a full stop
    /// itself.
    package func value(at path: String) -> OrderedJSON? {
        self[path] ?? path.split(separator: ".").reduce(self) { $0?[String($1)] }
    }

    /// The value on one line, keys in their order.
    public var text: String {
        switch self {
        case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\(OrderedJSON.string($0.key).text):\($0.value.text)" }.joined(separator: ",")
                + "}"
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value) where value == value.rounded() && value.magnitude < 1e15: "\(value)"
        case .number, .string:
            // A finite number and a text always have a form.
            String(decoding: (try? JSONEncoder.stable.encode(self)) ?? Data("null".utf8), as: UTF8.self)
        }
    }
}

extension OrderedJSON: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: Key.self) {
            self = .object(
                try object.allKeys.sorted { $0.stringValue < $1.stringValue }.map {
                    Member($0.stringValue, try object.decode(OrderedJSON.self, forKey: $0))
                })
            return
        }
        if var list = try? decoder.unkeyedContainer() {
            var values: [OrderedJSON] = []
            while !list.isAtEnd { values.append(try list.decode(OrderedJSON.self)) }
            self = .array(values)
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let members):
            var container = encoder.container(keyedBy: Key.self)
            for member in members {
                try container.encode(member.value, forKey: Key(stringValue: member.key))
            }
        case .array(let values):
            var container = encoder.unkeyedContainer()
            for value in values { try container.encode(value) }
        default:
            var container = encoder.singleValueContainer()
            switch self {
            case .boolean(let value): try container.encode(value)
            case .integer(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .string(let value): try container.encode(value)
            case .null, .array, .object: try container.encodeNil()
            }
        }
    }
}
