import Support

/// What a section declares about one key.
package struct KeyDeclaration: Sendable {
    package var key: String
    /// The type in words, such as "integer, 1 to 64".
    package var type: String
    /// `nil` for a key that must be given.
    package var defaultText: String?
    package var documentation: String
    /// When the key has an effect, such as "with kind: top_k".
    package var condition: String?
    /// The limits of a key whose values are numbers.
    package var limits: KeyLimits?
    /// What a file named by the key must hold, in the application's words; `nil` for a key that names none.
    package var fileContent: String?
    /// The value that the starter recipe gives, as YAML.
    package var example: String?
    /// The keys of the mapping, or of each mapping of the list, that is the value.
    package var nested: [KeyDeclaration] = []

    /// The example of a mapping whose own keys have examples.
    package static let nestedExample = "…"
}

/// The limits of a key's numbers.
package enum KeyLimits: Equatable, Sendable {
    case integer(ClosedRange<Int>)
    case number(NumberLimits)
}

/// When a key has an effect, such as `k` with `kind: top_k`.
package struct KeyCondition {
    package var holds: Bool
    package var text: String

    package init(holds: Bool, text: String) {
        self.holds = holds
        self.text = text
    }
}
