import Yams

/// A YAML value that remembers where it was written.
struct YAMLValue: Sendable {
    struct Entry: Sendable {
        var key: String
        var keyPlace: SourceLocation
        var value: YAMLValue
    }

    indirect enum Content: Sendable {
        /// `quoted` scalars are text whatever they look like.
        case scalar(String, quoted: Bool)
        case list([YAMLValue])
        case mapping([Entry])
    }

    var place: SourceLocation
    var content: Content

    /// A plain `null`, `~` or nothing at all: the same as leaving the key out.
    var isNull: Bool {
        guard case .scalar(let text, quoted: false) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    var entries: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    subscript(key: String) -> YAMLValue? {
        entries?.first { $0.key == key }?.value
    }

    /// A mapping without some of its keys.
    func removing(_ keys: Set<String>) -> YAMLValue {
        guard let entries else { return self }
        return YAMLValue(place: place, content: .mapping(entries.filter { !keys.contains($0.key) }))
    }

    /// What the value is, for messages.
    var kindName: String {
        switch content {
        case .scalar(let text, _): isNull ? "nothing" : "\"\(text)\""
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The value as YAML text, without the comments of its source.
    func serialised() throws -> String {
        try Yams.serialize(node: node, width: 100, allowUnicode: true)
    }

    private var node: Node {
        switch content {
        case .scalar(let text, let quoted):
            Node(text, quoted ? Tag(.str) : .implicit, quoted ? .doubleQuoted : .any)
        case .list(let values): Node(values.map(\.node))
        case .mapping(let entries): Node(entries.map { (Node($0.key), $0.value.node) })
        }
    }
}
