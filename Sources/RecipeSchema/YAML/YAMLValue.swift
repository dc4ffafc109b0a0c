import Yams

/// A YAML value that remembers where it was written.
package struct YAMLValue: Sendable {
    package struct Entry: Sendable {
        package var key: String
        package var keyLocation: SourceLocation
        package var value: YAMLValue

        package init(key: String, keyLocation: SourceLocation, value: YAMLValue) {
            self.key = key
            self.keyLocation = keyLocation
            self.value = value
        }
    }

    package indirect enum Content: Sendable {
        /// `quoted` scalars are text whatever they look like.
        case scalar(String, quoted: Bool)
        case list([YAMLValue])
        case mapping([Entry])
    }

    package var location: SourceLocation
    package var content: Content

    package init(location: SourceLocation, content: Content) {
        self.location = location
        self.content = content
    }

    /// A plain `null`, `~` or nothing at all: the same as leaving the key out.
    package var isNull: Bool {
        guard case .scalar(let text, quoted: false) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    package var entries: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    package subscript(key: String) -> YAMLValue? {
        entries?.first { $0.key == key }?.value
    }

    /// A mapping without some of its keys.
    package func removing(_ keys: Set<String>) -> YAMLValue {
        guard let entries else { return self }
        return YAMLValue(location: location, content: .mapping(entries.filter { !keys.contains($0.key) }))
    }

    /// What the value is, for messages.
    package var kindName: String {
        switch content {
        case .scalar(let text, _): isNull ? "nothing" : "\"\(text)\""
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The value as YAML text, without the comments of its source.
    package func serialized() throws -> String {
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
