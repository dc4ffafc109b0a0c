import Foundation
import Support

/// Variables of a model's own chat template, such as `enable_thinking`: what `apply_chat_template` takes as further arguments.
public struct TemplateVariables: Equatable, Sendable, CustomStringConvertible {
    /// Names and values, each name once, in the order of names.
    public let values: [OrderedJSON.Member]

    /// Names that every chat sets itself.
    public static let reserved: Set<String> = ["messages", "tools", "add_generation_prompt"]

    /// No variables.
    public init() { values = [] }

    /// - Parameter values: Of a name that is given twice the last one counts.
    public init(_ values: [OrderedJSON.Member]) {
        let last = Dictionary(values.map { ($0.key, $0.value) }) { $1 }
        self.values = last.sorted { $0.key < $1.key }.map { OrderedJSON.Member($0.key, $0.value) }
    }

    /// Parses `name=value`: a value that is JSON is read as such (`true`, `3`, `["a"]`), every other one is a text.
    ///
    /// - Throws: `UserError` where there is no name, or it is one that every chat sets.
    public static func parse(_ argument: String) throws -> OrderedJSON.Member {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].isIdentifier else {
            throw UserError(
                "\(argument.debugDescription) is not a variable",
                hint: "give name=value, as in enable_thinking=false",
                status: .usage)
        }
        let name = String(parts[0])
        guard !reserved.contains(name) else {
            throw UserError("\"\(name)\" is set by every chat itself", status: .usage)
        }
        let value = try? OrderedJSON(Data(parts[1].utf8), name: "value")
        return OrderedJSON.Member(name, value ?? .string(String(parts[1])))
    }

    /// Whether there are none.
    public var isEmpty: Bool { values.isEmpty }

    /// JSON, on one line.
    public var description: String { OrderedJSON.object(values).text }
}
