import Foundation
import Support

/// JSON of any shape, as configuration files hold it.
enum JSONValue: Equatable, Encodable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    func encode(to encoder: any Encoder) throws {
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
    var text: String {
        guard let data = try? JSONEncoder.stable.encode(self) else { return "\(self)" }
        let text = String(decoding: data, as: UTF8.self)
        return text.count <= 80 ? text : text.prefix(80) + "…"
    }

    /// Indented, with sorted keys and a final line break. Numbers that are not integers keep a decimal point, which
    /// `JSONEncoder` drops: transformers refuses 30 where it expects 30.0.
    func encoded() throws -> Data { Data((try lines(indentation: "") + "\n").utf8) }

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
            let encoder = JSONEncoder()
            encoder.outputFormatting = .withoutEscapingSlashes
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// Reads a file that must hold one object.
    /// - Throws: `UserError` if the file cannot be read or holds anything else.
    static func object(contentsOf url: URL) throws -> [String: JSONValue] {
        var parser = JSONParser(try ConfigurationFile.read(url), fileName: url.relativePath)
        guard case .object(let object) = try parser.document() else {
            throw UserError(
                "the value is not an object", file: url.relativePath, line: 1, column: 1,
                hint: "keys and values between { and } are expected")
        }
        return object
    }
}

/// Reads the keys of an object and gathers what is wrong with them, to report all of it at once.
struct KeyReader {
    private let object: [String: JSONValue]
    private(set) var problems: [String] = []

    init(_ object: [String: JSONValue]) {
        self.object = object
    }

    /// The value of `key`; nil where it is absent or null.
    subscript(key: String) -> JSONValue? {
        let value = object[key]
        return value == .null ? nil : value
    }

    mutating func reject(_ key: String, _ reason: String) {
        problems.append("\"\(key)\" is \(self[key]?.text ?? "missing"): \(reason)")
    }

    /// A whole number; 0, with a problem noted, if it is anything else or missing without a default.
    mutating func integer(_ key: String, default standard: Int? = nil) -> Int {
        switch self[key] {
        case .integer(let value): return value
        case nil where standard != nil: return standard!
        default:
            reject(key, "a whole number is expected")
            return 0
        }
    }

    mutating func number(_ key: String, default standard: Double) -> Double {
        switch self[key] {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case nil: return standard
        default:
            reject(key, "a number is expected")
            return standard
        }
    }

    /// A number, nothing where the key is null, or `standard` where it is absent.
    mutating func optionalNumber(_ key: String, default standard: Double?) -> Double? {
        object[key] == .null ? nil : self[key] == nil ? standard : number(key, default: 0)
    }

    mutating func numbers(_ key: String) -> [Double] {
        var values: [Double] = []
        if case .array(let list)? = self[key] {
            for value in list {
                switch value {
                case .integer(let number): values.append(Double(number))
                case .number(let number): values.append(number)
                default: break
                }
            }
            if values.count == list.count { return values }
        }
        reject(key, "a list of numbers is expected")
        return []
    }

    mutating func boolean(_ key: String, default standard: Bool) -> Bool {
        switch self[key] {
        case .boolean(let value): return value
        case nil: return standard
        default:
            reject(key, "true or false is expected")
            return standard
        }
    }

    /// Notes a problem unless `key` is absent, null or one of `values`.
    mutating func demand(_ key: String, _ values: JSONValue...) {
        guard let value = self[key], !values.contains(value) else { return }
        reject(
            key,
            "only \(values.map(\.text).joined(separator: " or ")) \(values.count == 1 ? "is" : "are") supported"
        )
    }
}
