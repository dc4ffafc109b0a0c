/// A file or result that a value names. Its content counts in a cache key, not its name.
package protocol NamedInput: Hashable, Sendable {
    var name: String { get }
}

/// A validated value in one normal form, however it was spelt: equal values give equal cache keys.
package indirect enum CanonicalValue<Input: NamedInput>: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([CanonicalValue])
    case map([String: CanonicalValue])
    case input(Input)

    /// One unambiguous line of text with sorted keys; `resolve` gives the text that represents an input.
    package func serialized(_ resolve: (Input) throws -> String) rethrows -> String {
        switch self {
        case .null: return "null"
        case .boolean(let value): return "\(value)"
        case .integer(let value): return "\(value)"
        case .number(let value): return "\(value)"
        case .text(let value): return Self.quoted(value)
        case .list(let values):
            return "[\(try values.map { try $0.serialized(resolve) }.joined(separator: ","))]"
        case .map(let entries):
            let parts = try entries.sorted { $0.key < $1.key }
                .map { "\(Self.quoted($0.key)):\(try $0.value.serialized(resolve))" }
            return "{\(parts.joined(separator: ","))}"
        case .input(let input): return "@\(try resolve(input))"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }

    /// All inputs, in the order of the sorted keys.
    package var inputs: [Input] {
        switch self {
        case .list(let values): values.flatMap(\.inputs)
        case .map(let entries): entries.sorted { $0.key < $1.key }.flatMap(\.value.inputs)
        case .input(let input): [input]
        default: []
        }
    }
}
