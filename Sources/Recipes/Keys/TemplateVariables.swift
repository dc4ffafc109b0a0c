import RecipeSchema
import Support
import Tokenization

extension KeyType<TemplateVariables> {
    /// A mapping of names to any values.
    static var templateVariables: Self {
        let summary = "mapping of names to values"
        return Self(
            summary: summary, placeholder: { TemplateVariables() },
            decode: { yaml, context in
                guard let entries = yaml.entries else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location, hint: "expected: \(summary)")
                    return nil
                }
                for entry in entries {
                    if !entry.key.isIdentifier {
                        context.problems.add(
                            "\"\(entry.key)\" is no name of a variable", at: entry.keyLocation,
                            hint: "letters, digits and _ are expected")
                    } else if TemplateVariables.reserved.contains(entry.key) {
                        context.problems.add(
                            "\"\(entry.key)\" is set by every chat itself", at: entry.keyLocation)
                    }
                }
                let variables = TemplateVariables(entries.map { .init($0.key, OrderedJSON($0.value)) })
                return (variables, canonical(variables))
            }, canonical: canonical)
    }

    private static func canonical(_ variables: TemplateVariables) -> CanonicalValue {
        .text(variables.description)
    }
}

extension OrderedJSON {
    /// A YAML value by YAML's rules: true, false, null and numbers where they are not quoted.
    init(_ yaml: YAMLValue) {
        switch yaml.content {
        case .scalar(let text, let isQuoted): self = Self.scalar(text, isQuoted: isQuoted)
        case .list(let values): self = .array(values.map { OrderedJSON($0) })
        case .mapping(let entries): self = .object(entries.map { Member($0.key, OrderedJSON($0.value)) })
        }
    }

    private static func scalar(_ text: String, isQuoted: Bool) -> OrderedJSON {
        if isQuoted { return .string(text) }
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null", "Null", "NULL", "~", "": return .null
        default: break
        }
        if let value = Int(text) { return .integer(value) }
        if let value = Double(text), value.isFinite { return .number(value) }
        return .string(text)
    }
}
