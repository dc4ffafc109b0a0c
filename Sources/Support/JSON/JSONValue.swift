import Foundation

/// JSON of any shape, as configuration files hold it.
package enum JSONValue: Equatable, Encodable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// The value in a message, on one line.
    package var text: String {
        guard let data = try? JSONEncoder.stable.encode(self) else { return "\(self)" }
        let text = String(decoding: data, as: UTF8.self)
        return text.count <= 80 ? text : text.prefix(80) + "…"
    }

    /// Indented, with sorted keys and a final line break. Numbers that are not integers keep a decimal point, which
    /// `JSONEncoder` drops: transformers refuses 30 where it expects 30.0.
    package func encoded() throws -> Data { Data((try lines(indentation: "") + "\n").utf8) }

    private func lines(indentation: String) throws -> String {
        let deeper = indentation + "  "
        func list(_ items: [String], _ open: String, _ close: String) -> String {
            guard !items.isEmpty else { return open + close }
            let body = items.map { deeper + $0 }.joined(separator: ",\n")
            return "\(open)\n\(body)\n\(indentation)\(close)"
        }
        switch self {
        case .number(let value) where value == value.rounded() && value.magnitude < 1e15: return "\(value)"
        case .array(let values): return list(try values.map { try $0.lines(indentation: deeper) }, "[", "]")
        case .object(let object):
            let items = try object.sorted { $0.key < $1.key }.map { key, value in
                try "\(JSONValue.string(key).lines(indentation: "")): \(value.lines(indentation: deeper))"
            }
            return list(items, "{", "}")
        case .null, .boolean, .integer, .number, .string:
            return String(decoding: try JSONEncoder.stable.encode(self), as: UTF8.self)
        }
    }

    /// Reads a file that must hold one object.
    /// - Throws: `UserError` if the file cannot be read or holds anything else.
    package static func object(contentsOf url: URL) throws -> [String: JSONValue] {
        var parser = JSONParser(try ConfigurationFile.read(url), fileName: url.relativePath)
        guard case .object(let object) = try parser.document() else {
            throw UserError(
                "the value is not an object", file: url.relativePath, line: 1, column: 1,
                hint: "keys and values between { and } are expected")
        }
        return object
    }
}
