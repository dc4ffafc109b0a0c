import Support

/// A part of JSON Schema (draft 2020-12) that says of a value whether it fits.
///
/// Keywords: `type`, `properties`, `required`, `additionalProperties`, `items`, `enum`, `const`, `minimum`, `maximum`, `exclusiveMinimum`,
/// `exclusiveMaximum`, `minLength`, `maxLength`, `minItems`, `maxItems`, `pattern`, and, without an effect, `title`, `description`, `default`,
/// `examples`, `$schema`, `$id` and `$comment`. Any other keyword is refused rather than passed over.
struct JSONSchema: Sendable {
    /// A mistake in a schema.
    struct Fault: Error {
        /// Keys and indices that lead to the mistake.
        let path: [String]
        let problem: String
        var hint: String?
    }

    /// What a value may be.
    private enum Kind: String, CaseIterable {
        case null, boolean, integer, number, string, array, object

        func contains(_ value: OrderedJSON) -> Bool {
            switch (self, value) {
            case (.null, .null), (.boolean, .boolean), (.string, .string), (.array, .array),
                (.object, .object),
                (.number, .number), (.number, .integer), (.integer, .integer):
                true
            // 1.0 is an integer in JSON Schema.
            case (.integer, .number(let number)): number == number.rounded()
            default: false
            }
        }
    }

    /// An object's properties, or `additionalProperties`.
    private indirect enum Additional {
        case any, none
        case schema(JSONSchema)
    }

    private var kinds: [Kind] = []
    private var properties: [String: JSONSchema] = [:]
    private var required: [String] = []
    private var additional = Additional.any
    private var items: [JSONSchema] = []
    private var choices: [OrderedJSON]?
    /// Keywords with a number, by name.
    private var bounds: [String: Double] = [:]
    private var pattern: LinearPattern?

    private static let boundNames: Set = [
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems",
        "maxItems",
    ]
    private static let annotations: Set = [
        "title", "description", "default", "examples", "$schema", "$id", "$comment",
    ]
    private static let keywords =
        ["type", "properties", "required", "additionalProperties", "items", "enum", "const", "pattern"]
        + boundNames.sorted()
    /// Deepest nesting of schemas.
    private static let deepest = 64

    /// - Throws: `Fault` at the first keyword that is unknown or has a wrong value
    init(_ json: OrderedJSON) throws(Fault) { try self.init(json, at: []) }

    private init(_ json: OrderedJSON, at path: [String]) throws(Fault) {
        guard case .object(let members) = json else {
            throw Fault(path: path, problem: "a schema is a mapping, not \(json.text)")
        }
        guard path.count <= 2 * Self.deepest else {
            throw Fault(path: path, problem: "schemas are nested more than \(Self.deepest) deep")
        }
        for member in members { try read(member.key, member.value, at: path + [member.key]) }
    }

    private mutating func read(_ keyword: String, _ value: OrderedJSON, at path: [String]) throws(Fault) {
        func fault(_ expected: String) -> Fault {
            Fault(path: path, problem: "\"\(keyword)\" is \(value.text)", hint: "expected: \(expected)")
        }
        switch keyword {
        case "type":
            let names: [OrderedJSON] = if case .array(let names) = value { names } else { [value] }
            for name in names {
                guard case .string(let text) = name, let kind = Kind(rawValue: text) else {
                    throw fault(Kind.allCases.map(\.rawValue).joined(separator: ", ") + ", or a list of them")
                }
                kinds.append(kind)
            }
        case "properties":
            guard case .object(let members) = value else { throw fault("a mapping of keys to schemas") }
            for member in members {
                properties[member.key] = try JSONSchema(member.value, at: path + [member.key])
            }
        case "required":
            guard case .array(let names) = value else { throw fault("a list of keys") }
            for name in names {
                guard case .string(let key) = name else { throw fault("a list of keys") }
                required.append(key)
            }
        case "additionalProperties":
            if case .boolean(let isAllowed) = value {
                additional = isAllowed ? .any : .none
            } else {
                additional = .schema(try JSONSchema(value, at: path))
            }
        case "items": items = [try JSONSchema(value, at: path)]
        case "enum":
            guard case .array(let values) = value, !values.isEmpty else { throw fault("a list of values") }
            choices = values
        case "const": choices = [value]
        case "pattern":
            guard case .string(let text) = value else { throw fault("a regular expression") }
            do throws(PatternFault) { pattern = try LinearPattern(text) } catch {
                throw Fault(path: path, problem: "\"\(text)\": \(error.problem) (character \(error.column))")
            }
        case _ where Self.boundNames.contains(keyword):
            guard let number = value.double else { throw fault("a number") }
            bounds[keyword] = number
        case _ where Self.annotations.contains(keyword): break
        default:
            throw Fault(
                path: path, problem: "the keyword \"\(keyword)\" is not supported",
                hint: "supported: \(Self.keywords.joined(separator: ", "))")
        }
    }

    // MARK: - Checking

    /// Why a value does not fit; nil if it does. The place is a path such as `answer.items[2]`.
    func problem(of value: OrderedJSON) -> String? { problem(of: value, at: "") }

    private func problem(of value: OrderedJSON, at path: String) -> String? {
        func at(_ problem: String) -> String { path.isEmpty ? problem : "\(path): \(problem)" }
        if !kinds.isEmpty, !kinds.contains(where: { $0.contains(value) }) {
            return at("not \(kinds.map(\.rawValue).joined(separator: " or "))")
        }
        if let choices, !choices.contains(where: { $0.hasSameValue(as: value) }) {
            return at("none of \(choices.map(\.text).joined(separator: ", "))")
        }
        switch value {
        case .object(let members): return problem(of: members, at: path)
        case .array(let values):
            if let problem = outside(Double(values.count), "minItems", "maxItems", "items") {
                return at(problem)
            }
            for (index, element) in values.enumerated() {
                if let problem = items.first?.problem(of: element, at: "\(path)[\(index)]") { return problem }
            }
        case .string(let text):
            let count = Double(text.unicodeScalars.count)
            if let problem = outside(count, "minLength", "maxLength", "characters") { return at(problem) }
            if let pattern, !pattern.matches(text) { return at("does not match \(pattern.text)") }
        case .integer, .number:
            if let number = value.double, let problem = outside(number, "minimum", "maximum", "") {
                return at(problem)
            }
            if let bound = bounds["exclusiveMinimum"], let number = value.double, number <= bound {
                return at("not more than \(Self.text(bound))")
            }
            if let bound = bounds["exclusiveMaximum"], let number = value.double, number >= bound {
                return at("not less than \(Self.text(bound))")
            }
        case .null, .boolean: break
        }
        return nil
    }

    private func problem(of members: [OrderedJSON.Member], at path: String) -> String? {
        let keys = Set(members.map(\.key))
        let prefix = path.isEmpty ? "" : "\(path): "
        if let missing = required.first(where: { !keys.contains($0) }) {
            return "\(prefix)the key \"\(missing)\" is missing"
        }
        for member in members {
            let place = path.isEmpty ? member.key : "\(path).\(member.key)"
            if let schema = properties[member.key] {
                if let problem = schema.problem(of: member.value, at: place) { return problem }
                continue
            }
            switch additional {
            case .any: break
            case .none: return "\(prefix)the key \"\(member.key)\" is not allowed"
            case .schema(let schema):
                if let problem = schema.problem(of: member.value, at: place) { return problem }
            }
        }
        return nil
    }

    private func outside(_ value: Double, _ least: String, _ most: String, _ unit: String) -> String? {
        func text(_ value: Double) -> String {
            unit.isEmpty ? Self.text(value) : "\(Self.text(value)) \(unit)"
        }
        if let bound = bounds[least], value < bound {
            return "\(text(value)), at least \(Self.text(bound)) wanted"
        }
        if let bound = bounds[most], value > bound {
            return "\(text(value)), at most \(Self.text(bound)) wanted"
        }
        return nil
    }

    private static func text(_ value: Double) -> String { Int(exactly: value).map { "\($0)" } ?? "\(value)" }
}

extension OrderedJSON {
    /// The number that this is.
    fileprivate var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// Equality as JSON has it: 1 is 1.0, and the order of keys does not count.
    fileprivate func hasSameValue(as other: OrderedJSON) -> Bool {
        switch (self, other) {
        case (.array(let a), .array(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { $0.hasSameValue(as: $1) }
        case (.object(let a), .object(let b)):
            return a.count == b.count
                && a.allSatisfy { member in other[member.key]?.hasSameValue(as: member.value) ?? false }
        default:
            if let a = double, let b = other.double { return a == b }
            return self == other
        }
    }
}
