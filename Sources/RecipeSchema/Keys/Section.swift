/// A mapping of a document, read key by key.
package final class Section<Context: SchemaContext> {
    package typealias Key<Value> = KeyType<Value, Context>

    package let context: Context
    /// Where the mapping begins.
    package let location: SourceLocation
    private let entries: [YAMLValue.Entry]
    package private(set) var declarations: [KeyDeclaration] = []
    /// The normal form of the keys that count in a cache key.
    package private(set) var canonicalValues: [String: CanonicalValue<Context.Input>] = [:]
    private var failed: Set<String> = []

    package init(_ value: YAMLValue, context: Context) {
        self.context = context
        location = value.location
        entries = value.entries ?? []
        if value.entries == nil, !value.isNull {
            context.problems.add(
                "found \(value.kindName) where a mapping of keys is needed", at: value.location)
        }
    }

    // MARK: Reading keys

    /// Reads a key that must be given or has a default. After a problem the type's placeholder is returned, so that reading
    /// continues to the next problem.
    ///
    /// - Parameters:
    ///   - condition: when the key has an effect; given otherwise it is refused.
    ///   - inCacheKey: false for a key that does not change what a stage makes.
    package func value<Value>(
        _ key: String, _ type: Key<Value>, default fallback: Value? = nil, defaultText: String? = nil,
        example: String? = nil, only condition: KeyCondition? = nil, inCacheKey: Bool = true,
        _ documentation: String
    ) -> Value {
        let text = fallback.map { defaultText ?? type.canonical($0).serialized(\.name) } ?? defaultText
        declare(key, type, text, example, condition, documentation)
        switch read(key, type, condition, inCacheKey) {
        case .found(let value): return value
        case .failed: return type.placeholder()
        case .absent:
            if let condition, !condition.holds { return fallback ?? type.placeholder() }
            guard let fallback else {
                failed.insert(key)
                context.problems.add(
                    "key \"\(key)\" is missing", at: location, hint: "expected: \(type.summary)")
                return type.placeholder()
            }
            if inCacheKey { canonicalValues[key] = type.canonical(fallback) }
            return fallback
        }
    }

    /// Reads a key that may be left out.
    package func optional<Value>(
        _ key: String, _ type: Key<Value>, defaultText: String = "none", example: String? = nil,
        only condition: KeyCondition? = nil, inCacheKey: Bool = true, _ documentation: String
    ) -> Value? {
        declare(key, type, defaultText, example, condition, documentation)
        if case .found(let value) = read(key, type, condition, inCacheKey) { return value }
        if inCacheKey, canonicalValues[key] == nil { canonicalValues[key] = .null }
        return nil
    }

    /// Reads a mapping whose keys all have defaults or are reported when missing; left out, it is an empty mapping.
    package func section<Value>(
        _ key: String, _ type: Key<Value>, defaultText: String = "the defaults of its keys",
        inCacheKey: Bool = true, _ documentation: String
    ) -> Value {
        declare(key, type, defaultText, KeyDeclaration.nestedExample, nil, documentation)
        let value = entry(key)?.value ?? YAMLValue(location: location, content: .mapping([]))
        let before = context.problems.found.count
        let decoded = type.decode(value, context)
        if context.problems.found.count > before { failed.insert(key) }
        if inCacheKey { canonicalValues[key] = decoded?.canonical }
        return decoded?.value ?? type.placeholder()
    }

    /// Adds to the normal form what the section takes from elsewhere.
    package func record(_ key: String, _ value: CanonicalValue<Context.Input>) {
        canonicalValues[key] = value
    }

    private enum Outcome<Value> {
        case found(Value), absent, failed
    }

    private func read<Value>(
        _ key: String, _ type: Key<Value>, _ condition: KeyCondition?, _ inCacheKey: Bool
    ) -> Outcome<Value> {
        guard let entry = entry(key), !entry.value.isNull else { return .absent }
        if let condition, !condition.holds {
            context.problems.add(
                "key \"\(key)\" means something only \(condition.text)", at: entry.keyLocation)
            return .absent
        }
        let before = context.problems.found.count
        let decoded = type.decode(entry.value, context)
        if context.problems.found.count > before { failed.insert(key) }
        guard let decoded else { return .failed }
        if inCacheKey { canonicalValues[key] = decoded.canonical }
        return .found(decoded.value)
    }

    private func declare<Value>(
        _ key: String, _ type: Key<Value>, _ defaultText: String?, _ example: String?,
        _ condition: KeyCondition?, _ documentation: String
    ) {
        precondition(!declarations.contains { $0.key == key }, "key \(key) is declared twice")
        declarations.append(
            KeyDeclaration(
                key: key, type: type.summary, defaultText: defaultText, documentation: documentation,
                condition: condition?.text, limits: type.limits, fileContent: type.fileContent,
                example: example, nested: type.nested()))
    }

    private func entry(_ key: String) -> YAMLValue.Entry? { entries.first { $0.key == key } }

    // MARK: Checks

    /// Whether a key was given a value.
    package func has(_ key: String) -> Bool { entry(key).map { !$0.value.isNull } ?? false }

    /// Whether none of the keys had a problem, so that a check across them makes sense.
    package func sound(_ keys: String...) -> Bool { failed.isDisjoint(with: keys) }

    /// A condition on the value of `key`. It holds where that value has a mistake, which has been reported already.
    package func condition(on key: String, _ holds: Bool, _ text: String) -> KeyCondition {
        KeyCondition(holds: holds || !sound(key), text: text)
    }

    /// Where a key's value was written, or where the section begins if the key is left out.
    package func location(of key: String) -> SourceLocation { entry(key)?.value.location ?? location }

    /// Reports a problem at a key's value.
    package func problem(at key: String, _ problem: String, hint: String? = nil) {
        failed.insert(key)
        context.problems.add(problem, at: location(of: key), hint: hint)
    }

    /// Reports the keys nothing declared. Called once the section is read.
    package func finish() {
        let known = declarations.map(\.key)
        for entry in entries where !known.contains(entry.key) {
            context.problems.add(
                "unknown key \"\(entry.key)\"", at: entry.keyLocation,
                hint: suggestion(for: entry.key, among: known, formerNames: Context.formerNames))
        }
    }
}
