import Corpora
import Foundation
import RecipeSchema
import Support

/// One filter of a corpus: a kind and its options, each of which is a key.
struct FilterSettings: Sendable, RecipeSection {
    /// A value, or the references that become one when the stage runs.
    private enum Given: Sendable {
        case value(FilterValue)
        case corpora([Reference])
        case model(Reference)
    }

    let kind: FilterKind
    private let values: [String: Given]

    init(_ section: Section) {
        let kinds = FilterKind.all
        let kind = section.value(
            "kind", .named(kinds, \.name), kinds.map { "\($0.name): \($0.summary)" }.joined(separator: " "))
        self.kind = kind
        var names: [String] = []
        for name in kinds.flatMap({ $0.options.map(\.name) }) where !names.contains(name) {
            names.append(name)
        }
        var values: [String: Given] = [:]
        for name in names {
            let value = Self.value(of: name, kind, section)
            if kind.option(name) != nil { values[name] = value }
        }
        self.values = values
        guard names.allSatisfy({ section.sound($0) }), section.sound("kind") else { return }
        do {
            _ = try rule(at: { _ in URL(filePath: "/") })
        } catch let fault as FilterOptionFault {
            section.problem(at: fault.option, fault.problem, hint: fault.hint)
        } catch {
            preconditionFailure("a filter is made without reading a file: \(error)")
        }
    }

    /// The corpora that records are compared with.
    var references: [Reference] {
        values.sorted { $0.key < $1.key }.flatMap { (_, given) -> [Reference] in
            if case .corpora(let references) = given { references } else { [] }
        }
    }

    /// The models and tokenizers that read the records.
    var models: [(option: String, reference: Reference)] {
        values.sorted { $0.key < $1.key }.compactMap { option, given in
            if case .model(let reference) = given { (option, reference) } else { nil }
        }
    }

    /// The value of an option that is a whole number.
    func integer(_ option: String) -> Int? {
        if case .value(.integer(let value))? = values[option] { value } else { nil }
    }

    /// The filter.
    ///
    /// - Parameters:
    ///   - url: where the content of a reference is
    ///   - models: loads its models
    /// - Throws: `FilterOptionFault`, which reading the section has reported
    func filter(at url: (Reference) -> URL, _ models: FilterModels) throws -> any RecordFilter {
        try kind.filter(
            values.mapValues { given in
                switch given {
                case .value(let value): value
                case .corpora(let references): .corpora(references.map(url))
                case .model(let reference): .model(models.model(named: reference.name, at: url(reference)))
                }
            })
    }

    /// The filter, none of whose models is read.
    ///
    /// - Parameter url: where the content of a reference is
    /// - Throws: as above
    func rule(at url: (Reference) -> URL) throws -> any RecordFilter {
        try filter(at: url, FilterModels { _ in preconditionFailure("a model of a rule is not read") })
    }

    // MARK: - Reading

    /// Reads an option that some kinds have: its key is declared once, for all of them.
    private static func value(of name: String, _ kind: FilterKind, _ section: Section) -> Given? {
        let owners = FilterKind.all.filter { $0.option(name) != nil }
        let options = owners.map { $0.option(name)! }
        let own = kind.option(name) ?? options[0]
        let key = OptionKey(
            option: own,
            defaultText: options.allSatisfy { $0.standard == own.standard } ? nil : "the kind's",
            condition: section.condition(
                on: "kind", kind.option(name) != nil,
                "with kind: \(owners.map(\.name).joined(separator: ", "))"),
            documentation: Set(options.map(\.summary)).count == 1
                ? own.summary
                : zip(owners, options).map { "\($0.name): \($1.summary)" }.joined(separator: " "),
            section: section)
        return key.read()
    }

    /// The key of an option.
    private struct OptionKey {
        let option: FilterOption
        /// nil: that of the default.
        let defaultText: String?
        let condition: KeyCondition
        let documentation: String
        let section: Section

        func read() -> Given? {
            switch option.content {
            case .integer(let range): read(.integer(range)) { .value(.integer($0)) }
            case .number(let limits): read(.number(limits)) { .value(.number($0)) }
            case .flag: read(.boolean) { .value(.flag($0)) }
            case .choice(let words): read(.named(words) { $0 }) { .value(.text($0)) }
            case .choices(let words): read(.oneOrMore(.named(words) { $0 })) { .value(.texts($0)) }
            case .text: read(.text) { .value(.text($0)) }
            case .texts: read(.oneOrMore(.text)) { .value(.texts($0)) }
            case .corpora: read(.oneOrMore(.reference(to: .corpus))) { .corpora($0) }
            case .schema: read(.jsonSchema) { .value(.schema($0)) }
            case .model: read(.reference(to: .checkpoint)) { .model($0) }
            case .tokenizer: read(.reference(to: .tokenizer, .checkpoint)) { .model($0) }
            }
        }

        private func read<Value>(_ type: KeyType<Value>, _ given: (Value) -> Given) -> Given? {
            if let standard = option.standard {
                let fallback: Value? = Self.plain(standard)
                guard let fallback else {
                    preconditionFailure("the default of \(option.name) has another type")
                }
                return given(
                    section.value(
                        option.name, type, default: fallback, defaultText: defaultText, only: condition,
                        documentation))
            }
            if option.isRequired {
                // Of an unknown kind nothing is known to be missing.
                let condition =
                    section.sound("kind") || section.has(option.name)
                    ? condition : KeyCondition(holds: false, text: condition.text)
                return given(section.value(option.name, type, only: condition, documentation))
            }
            return section.optional(option.name, type, only: condition, documentation).map(given)
        }

        private static func plain<Value>(_ value: FilterValue) -> Value? {
            switch value {
            case .integer(let value): value as? Value
            case .number(let value): value as? Value
            case .flag(let value): value as? Value
            case .text(let value): value as? Value
            case .texts(let value): value as? Value
            case .corpora(let value): value as? Value
            case .schema(let value): value as? Value
            case .model: nil
            }
        }
    }
}

extension FilterKind {
    /// The option of a name.
    fileprivate func option(_ name: String) -> FilterOption? { options.first { $0.name == name } }
}

extension KeyType<FilterSettings> {
    /// A filter; its kind alone where its options have their defaults.
    static var filter: Self {
        let mapping = KeyType.section(FilterSettings.self)
        return Self(
            summary: "a filter: its kind, or a mapping", placeholder: mapping.placeholder,
            nested: mapping.nested,
            decode: { yaml, context in
                guard case .scalar = yaml.content, !yaml.isNull else { return mapping.decode(yaml, context) }
                let kind = YAMLValue.Entry(key: "kind", keyLocation: yaml.location, value: yaml)
                return mapping.decode(
                    YAMLValue(location: yaml.location, content: .mapping([kind])), context)
            }, canonical: mapping.canonical)
    }
}

extension KeyType<OrderedJSON> {
    /// A JSON schema, written as YAML or JSON. Which keywords it may have is for the filter to say.
    static var jsonSchema: Self {
        Self(
            summary: "a JSON schema", placeholder: { .object([]) },
            decode: { yaml, context in
                guard yaml.entries != nil else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location, hint: "expected: a mapping of keywords")
                    return nil
                }
                let schema = yaml.json
                return (schema, .text(schema.text))
            }, canonical: { .text($0.text) })
    }
}

extension YAMLValue {
    /// The value as JSON: plain words and numbers are what they are in YAML's JSON schema.
    fileprivate var json: OrderedJSON {
        switch content {
        case .mapping(let entries): return .object(entries.map { OrderedJSON.Member($0.key, $0.value.json) })
        case .list(let values): return .array(values.map(\.json))
        case .scalar(let text, let isQuoted):
            if isQuoted { return .string(text) }
            if isNull { return .null }
            if text == "true" || text == "false" { return .boolean(text == "true") }
            if let number = numberValue(text) {
                return integerValue(text).map { .integer($0) } ?? .number(number)
            }
            return .string(text)
        }
    }
}
