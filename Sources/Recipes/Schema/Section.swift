import Foundation

/// A mapping of a recipe, read key by key.
///
/// A section's initialiser is its schema: each call of `value` or `optional` declares one key with its type, default
/// and documentation, and reads it. The reference of all keys and the starter recipe come from running the same
/// initialiser on an empty mapping and looking at what it declared.
protocol RecipeSection {
    init(_ section: Section)
}

/// What a section says about one key.
struct KeyDeclaration: Sendable {
    var key: String
    var type: String
    /// `nil` for a key that must be given.
    var defaultText: String?
    var documentation: String
    /// When the key means something, such as "with kind: top_k".
    var condition: String?
    /// The limits of a key whose values are numbers.
    var limits: KeyLimits?
    /// What is done with the file that the key names, of a key that may name one.
    var use: FileUse?
    /// The value the starter recipe gives, as YAML.
    var example: String?
    /// The keys of the mapping, or of each mapping of the list, that is the value.
    var nested: [KeyDeclaration] = []

    /// The example of a mapping whose own keys have examples.
    static let nestedExample = "…"
}

/// When a key means something, such as `k` with `kind: top_k`.
struct KeyCondition {
    var holds: Bool
    var text: String
}

final class Section {
    let decoding: Decoding
    /// Where the mapping begins.
    let place: SourceLocation
    private let entries: [YAMLValue.Entry]
    private(set) var declarations: [KeyDeclaration] = []
    private(set) var settings: [String: CanonicalValue] = [:]
    private var failed: Set<String> = []

    init(_ value: YAMLValue, decoding: Decoding) {
        self.decoding = decoding
        place = value.place
        entries = value.entries ?? []
        if value.entries == nil, !value.isNull {
            decoding.problems.add(
                "found \(value.kindName) where a mapping of keys is needed", at: value.place)
        }
    }

    // MARK: Reading keys

    /// Reads a key that must be there or has a default. After a mistake the type's placeholder is returned, so that
    /// reading goes on to the next mistake.
    ///
    /// `inAddress: false` marks a key that does not change what the stage makes.
    func value<Value>(
        _ key: String, _ type: KeyType<Value>, default fallback: Value? = nil, defaultText: String? = nil,
        example: String? = nil, only condition: KeyCondition? = nil, inAddress: Bool = true,
        _ documentation: String
    ) -> Value {
        declare(
            key, type, fallback.map { defaultText ?? type.setting($0).canonical(\.name) } ?? defaultText,
            example,
            condition, documentation)
        switch read(key, type, condition, inAddress) {
        case .found(let value): return value
        case .failed: return type.placeholder()
        case .absent:
            if let condition, !condition.holds { return fallback ?? type.placeholder() }
            guard let fallback else {
                failed.insert(key)
                decoding.problems.add(
                    "key \"\(key)\" is missing", at: place, hint: "expected: \(type.summary)")
                return type.placeholder()
            }
            if inAddress { settings[key] = type.setting(fallback) }
            return fallback
        }
    }

    /// Reads a key that may be left out.
    func optional<Value>(
        _ key: String, _ type: KeyType<Value>, defaultText: String = "none", example: String? = nil,
        only condition: KeyCondition? = nil, inAddress: Bool = true, _ documentation: String
    ) -> Value? {
        declare(key, type, defaultText, example, condition, documentation)
        if case .found(let value) = read(key, type, condition, inAddress) { return value }
        if inAddress, settings[key] == nil { settings[key] = .null }
        return nil
    }

    /// Reads a mapping whose keys all have defaults or are reported when missing; left out, it is an empty mapping.
    func section<Value: RecipeSection>(
        _ key: String, _ type: Value.Type, defaultText: String = "the defaults of its keys",
        inAddress: Bool = true, _ documentation: String
    ) -> Value {
        let keyType = KeyType<Value>.section(type)
        declare(key, keyType, defaultText, KeyDeclaration.nestedExample, nil, documentation)
        let value = entry(key)?.value ?? YAMLValue(place: place, content: .mapping([]))
        let before = decoding.problems.found.count
        let decoded = keyType.decode(value, decoding)
        if decoding.problems.found.count > before { failed.insert(key) }
        if inAddress { settings[key] = decoded?.setting }
        return decoded?.value ?? keyType.placeholder()
    }

    /// Adds to the normal form what the section takes from elsewhere.
    func record(_ key: String, _ setting: CanonicalValue) { settings[key] = setting }

    private enum Outcome<Value> {
        case found(Value), absent, failed
    }

    private func read<Value>(
        _ key: String, _ type: KeyType<Value>, _ condition: KeyCondition?, _ inAddress: Bool
    ) -> Outcome<Value> {
        guard let entry = entry(key), !entry.value.isNull else { return .absent }
        if let condition, !condition.holds {
            decoding.problems.add("key \"\(key)\" means something only \(condition.text)", at: entry.keyPlace)
            return .absent
        }
        let before = decoding.problems.found.count
        let decoded = type.decode(entry.value, decoding)
        if decoding.problems.found.count > before { failed.insert(key) }
        guard let decoded else { return .failed }
        if inAddress { settings[key] = decoded.setting }
        return .found(decoded.value)
    }

    private func declare<Value>(
        _ key: String, _ type: KeyType<Value>, _ defaultText: String?, _ example: String?,
        _ condition: KeyCondition?, _ documentation: String
    ) {
        precondition(!declarations.contains { $0.key == key }, "key \(key) is declared twice")
        declarations.append(
            KeyDeclaration(
                key: key, type: type.summary, defaultText: defaultText, documentation: documentation,
                condition: condition?.text, limits: type.limits, use: type.use, example: example,
                nested: type.nested()))
    }

    private func entry(_ key: String) -> YAMLValue.Entry? { entries.first { $0.key == key } }

    // MARK: Checks

    /// Whether a key was given a value.
    func has(_ key: String) -> Bool { entry(key).map { !$0.value.isNull } ?? false }

    /// Whether none of the keys had a problem, so that a check across them makes sense.
    func sound(_ keys: String...) -> Bool { failed.isDisjoint(with: keys) }

    /// A condition on the value of `key`; it holds where that value has a mistake, which is all that is to be said then.
    func condition(on key: String, _ holds: Bool, _ text: String) -> KeyCondition {
        KeyCondition(holds: holds || !sound(key), text: text)
    }

    /// The place of a key's value, or of the section where the key is left out.
    func place(of key: String) -> SourceLocation { entry(key)?.value.place ?? place }

    /// Reports a problem at a key's value.
    func problem(at key: String, _ problem: String, hint: String? = nil) {
        failed.insert(key)
        decoding.problems.add(problem, at: place(of: key), hint: hint)
    }

    /// Reports the keys nothing declared. Called once the section is read.
    func finish() {
        let known = declarations.map(\.key)
        for entry in entries where !known.contains(entry.key) {
            decoding.problems.add(
                "unknown key \"\(entry.key)\"", at: entry.keyPlace,
                hint: suggestion(for: entry.key, among: known))
        }
    }
}
