/// A validated value in one normal form: what a recipe means, however it was spelt. Stages are addressed by it.
indirect enum CanonicalValue: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([CanonicalValue])
    case map([String: CanonicalValue])
    /// A file or the artefact of an earlier stage: its content counts, not its name.
    case reference(Reference)

    /// One unambiguous line of text with sorted keys; `resolve` gives what stands for a reference.
    func canonical(_ resolve: (Reference) throws -> String) rethrows -> String {
        switch self {
        case .null: return "null"
        case .boolean(let value): return "\(value)"
        case .integer(let value): return "\(value)"
        case .number(let value): return "\(value)"
        case .text(let value): return Self.quoted(value)
        case .list(let values):
            return "[\(try values.map { try $0.canonical(resolve) }.joined(separator: ","))]"
        case .map(let entries):
            let parts = try entries.sorted { $0.key < $1.key }
                .map { "\(Self.quoted($0.key)):\(try $0.value.canonical(resolve))" }
            return "{\(parts.joined(separator: ","))}"
        case .reference(let reference): return "@\(try resolve(reference))"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }

    /// Every reference inside, in the order of the sorted keys.
    var references: [Reference] {
        switch self {
        case .list(let values): values.flatMap(\.references)
        case .map(let entries): entries.sorted { $0.key < $1.key }.flatMap(\.value.references)
        case .reference(let reference): [reference]
        default: []
        }
    }
}
