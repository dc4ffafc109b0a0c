/// How the value of a key is read: its description, and a function from YAML to a value and its normal form.
package struct KeyType<Value, Context: SchemaContext> {
    package typealias Canonical = CanonicalValue<Context.Input>

    /// For the reference and for messages, such as "integer, 1 to 64".
    package let summary: String
    /// The value to continue with after a problem has been reported.
    package let placeholder: () -> Value
    /// The keys of a value that is a mapping.
    package var nested: () -> [KeyDeclaration]
    /// The limits of a value that is a number, or of the numbers of a list.
    package var limits: KeyLimits?
    /// What a file named by the value must hold, in the application's words.
    package var fileContent: String?
    /// The value and its normal form; `nil` once the problem is reported.
    package let decode: (YAMLValue, Context) -> (value: Value, canonical: Canonical)?
    /// The normal form of a default.
    package let canonical: (Value) -> Canonical

    package init(
        summary: String, placeholder: @escaping () -> Value,
        nested: @escaping () -> [KeyDeclaration] = { [] }, limits: KeyLimits? = nil,
        fileContent: String? = nil,
        decode: @escaping (YAMLValue, Context) -> (value: Value, canonical: Canonical)?,
        canonical: @escaping (Value) -> Canonical
    ) {
        self.summary = summary
        self.placeholder = placeholder
        self.nested = nested
        self.limits = limits
        self.fileContent = fileContent
        self.decode = decode
        self.canonical = canonical
    }
}

extension KeyType {
    /// A mapping with keys of its own.
    package static func section(_ type: Value.Type) -> KeyType
    where Value: SchemaSection, Value.Context == Context {
        section(type) { $0 }
    }

    /// A mapping with keys of its own, from which a value is made: an option type of the library, for one.
    package static func section<Keys: SchemaSection>(
        _ keys: Keys.Type, _ value: @escaping (Keys) -> Value
    ) -> KeyType where Keys.Context == Context {
        let empty = YAMLValue(location: SourceLocation(origin: ""), content: .mapping([]))
        return KeyType(
            summary: "mapping", placeholder: { value(keys.init(Section(empty, context: Context()))) },
            nested: { keys.declarations },
            decode: { yaml, context in
                let section = Section(yaml, context: context)
                let decoded = keys.init(section)
                section.finish()
                return (value(decoded), .map(section.canonicalValues))
            }, canonical: { _ in preconditionFailure("a section has no default of its own") })
    }

    /// A short form, or a mapping with more detail.
    ///
    /// - Parameters:
    ///   - value: the value of a short form.
    ///   - canonical: one normal form for both.
    package static func either<Short, Keys: SchemaSection>(
        _ short: KeyType<Short, Context>, _ value: @escaping (Short) -> Value, or keys: Keys.Type,
        _ mapped: @escaping (Keys) -> Value, canonical: @escaping (Value) -> Canonical
    ) -> KeyType where Keys.Context == Context {
        let mapping = KeyType.section(keys, mapped)
        return KeyType(
            summary: short.summary, placeholder: { value(short.placeholder()) }, nested: mapping.nested,
            limits: short.limits, fileContent: short.fileContent,
            decode: { yaml, context in
                let decoded =
                    yaml.entries == nil
                    ? short.decode(yaml, context).map { value($0.value) }
                    : mapping.decode(yaml, context)?.value
                return decoded.map { ($0, canonical($0)) }
            }, canonical: canonical)
    }
}

extension SchemaSection {
    /// The keys that the section declares.
    package static var declarations: [KeyDeclaration] {
        let empty = YAMLValue(location: SourceLocation(origin: ""), content: .mapping([]))
        let section = Section(empty, context: Context())
        _ = Self(section)
        return section.declarations
    }
}
