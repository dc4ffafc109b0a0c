import Support

/// A text with slots in braces, such as `Explain {topic} to {persona}.`; doubled braces stand for themselves.
///
///     let template = try PromptTemplate("Explain {topic} to {persona}.")
///     template.filled(["topic": "yeast", "persona": "a child"])   // Explain yeast to a child.
public struct PromptTemplate: Hashable, Sendable {
    private enum Part: Hashable {
        case text(String)
        case slot(String)
    }

    private let parts: [Part]
    /// The template as it was written.
    public let source: String

    /// - Throws: `UserError` for a brace without its counterpart, and for a name that is no identifier
    public init(_ source: String) throws {
        self.source = source
        var (parts, text, rest) = ([Part](), "", source[...])
        while let character = rest.popFirst() {
            guard character == "{" || character == "}" else {
                text.append(character)
                continue
            }
            if rest.first == character {
                text.append(rest.removeFirst())
                continue
            }
            guard character == "{", let end = rest.firstIndex(of: "}") else {
                throw UserError(
                    "the template \(Self.shown(source)) has a brace without its counterpart",
                    hint: "a slot is {name}; a brace itself is written twice", status: .configuration)
            }
            let name = String(rest[..<end])
            guard name.isIdentifier else {
                throw UserError(
                    "the template \(Self.shown(source)) has a slot named \(Self.shown(name))",
                    hint: "names have letters, digits and _, no digit first; a brace itself is written twice",
                    status: .configuration)
            }
            parts.append(.text(text))
            parts.append(.slot(name))
            text = ""
            rest = rest[rest.index(after: end)...]
        }
        self.parts = parts + [.text(text)]
    }

    /// The names of the slots, each once, in the order in which they appear.
    public var slots: [String] {
        var seen: Set<String> = []
        return parts.compactMap {
            if case .slot(let name) = $0, seen.insert(name).inserted { name } else { nil }
        }
    }

    /// The text with a value for each slot; a value's own braces stay as they are.
    ///
    /// - Precondition: `values` has one for each of `slots`
    public func filled(_ values: [String: String]) -> String {
        parts.map { part in
            switch part {
            case .text(let text): return text
            case .slot(let name):
                guard let value = values[name] else { preconditionFailure("no value for the slot \(name)") }
                return value
            }
        }.joined()
    }

    private static func shown(_ text: String) -> String {
        (text.count > 60 ? text.prefix(59) + "…" : text).debugDescription
    }
}
