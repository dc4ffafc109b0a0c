import Support

extension KeyType {
    /// A type read from a scalar's text; `parse` returns the value or what is wrong with the text.
    fileprivate static func scalar(
        _ summary: String, placeholder: @escaping @autoclosure () -> Value,
        canonical: @escaping (Value) -> Canonical,
        _ parse: @escaping (String, Bool) -> Result<Value, Mismatch>
    ) -> KeyType {
        KeyType(
            summary: summary, placeholder: placeholder,
            decode: { yaml, context in
                guard case .scalar(let text, let quoted) = yaml.content else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location, hint: "expected: \(summary)")
                    return nil
                }
                switch parse(text, quoted) {
                case .success(let value): return (value, canonical(value))
                case .failure(let mismatch):
                    context.problems.add(
                        mismatch.problem ?? "found \(yaml.kindName)", at: yaml.location,
                        hint: mismatch.hint ?? "expected: \(summary)")
                    return nil
                }
            }, canonical: canonical)
    }
}

private struct Mismatch: Error {
    var problem: String?
    var hint: String?
}

extension KeyType where Value == Int {
    package static func integer(_ range: PartialRangeFrom<Int>) -> KeyType {
        integer(range.lowerBound...Int.max)
    }

    package static func integer(_ range: ClosedRange<Int>) -> KeyType {
        let summary = "integer, \(range.limits)"
        var type = scalar(summary, placeholder: range.lowerBound, canonical: Canonical.integer) {
            text, quoted in
            guard !quoted, let number = numberValue(text) else { return .failure(Mismatch()) }
            guard let value = integerValue(text) else {
                let whole = number.rounded() == number
                return .failure(Mismatch(problem: whole ? "\(text) is too large a number" : nil))
            }
            return range.contains(value)
                ? .success(value) : .failure(Mismatch(problem: "\(text) is out of range"))
        }
        type.limits = .integer(range)
        return type
    }
}

extension KeyType where Value == Double {
    package static func number(_ limits: NumberLimits) -> KeyType {
        // After a problem, reading continues with a number that is valid for the key.
        let placeholder = limits.contains(0.5) ? 0.5 : limits.most
        var type = scalar("number, \(limits)", placeholder: placeholder, canonical: Canonical.number) {
            text, quoted in
            guard !quoted, let value = numberValue(text) else { return .failure(Mismatch()) }
            return limits.contains(value)
                ? .success(value) : .failure(Mismatch(problem: "\(text) is out of range"))
        }
        type.limits = .number(limits)
        return type
    }
}

extension KeyType where Value == UInt64 {
    package static var seed: KeyType {
        let type = KeyType<Int, Context>.integer(0...)
        return KeyType(
            summary: type.summary, placeholder: { 0 }, limits: type.limits,
            decode: { yaml, context in type.decode(yaml, context).map { (UInt64($0.value), $0.canonical) } },
            canonical: { .integer(Int($0)) })
    }
}

extension KeyType where Value == Bool {
    package static var boolean: KeyType {
        scalar("true or false", placeholder: false, canonical: Canonical.boolean) { text, quoted in
            switch text {
            case "true" where !quoted: .success(true)
            case "false" where !quoted: .success(false)
            default: .failure(Mismatch())
            }
        }
    }
}

extension KeyType where Value == String {
    package static var text: KeyType {
        scalar("text", placeholder: "", canonical: Canonical.text) { text, _ in .success(text) }
    }

    /// A name that becomes a file name: lower-case letters, digits, `-` and `_`, and none of `reserved`.
    package static func name(reserved: Set<String> = []) -> KeyType {
        scalar("a name of lower-case letters, digits, - and _", placeholder: "", canonical: Canonical.text) {
            text, _ in
            let allowed = "abcdefghijklmnopqrstuvwxyz0123456789-_"
            guard let first = text.first, first != "-", text.count <= 64, text.allSatisfy(allowed.contains)
            else {
                return .failure(Mismatch(problem: "\"\(text)\" cannot be a name"))
            }
            return reserved.contains(text)
                ? .failure(Mismatch(problem: "the name \"\(text)\" is reserved", hint: "choose another"))
                : .success(text)
        }
    }
}

extension KeyType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    package static var choice: KeyType {
        let words = Value.allCases.map(\.rawValue)
        precondition(!words.isEmpty, "a choice has words to choose from")
        return scalar(
            words.joined(separator: ", "), placeholder: Array(Value.allCases)[0],
            canonical: { .text($0.rawValue) }
        ) { text, _ in
            if let value = Value(rawValue: text) { return .success(value) }
            let near = nearest(to: text, among: words).map { "did you mean \"\($0)\"? " } ?? ""
            return .failure(Mismatch(hint: "\(near)accepted: \(words.joined(separator: ", "))"))
        }
    }
}

extension KeyType {
    /// One of some values, by its name.
    package static func named(_ values: [Value], _ name: @escaping (Value) -> String) -> KeyType {
        let words = values.map(name)
        return KeyType(
            summary: words.joined(separator: ", "), placeholder: { values[0] },
            decode: { yaml, context in
                let text: String? = if case .scalar(let text, _) = yaml.content { text } else { nil }
                if let value = values.first(where: { name($0) == text }) {
                    return (value, .text(name(value)))
                }
                let near =
                    text.flatMap { nearest(to: $0, among: words) }.map { "did you mean \"\($0)\"? " } ?? ""
                context.problems.add(
                    "found \(yaml.kindName)", at: yaml.location,
                    hint: "\(near)accepted: \(words.joined(separator: ", "))")
                return nil
            }, canonical: { .text(name($0)) })
    }
}

extension KeyType where Value == Float {
    /// A number that the library keeps as a Float. Its normal form is the number as it was written.
    package static func float(_ limits: NumberLimits) -> KeyType {
        let number = KeyType<Double, Context>.number(limits)
        return KeyType(
            summary: number.summary, placeholder: { Float(number.placeholder()) }, limits: number.limits,
            decode: { yaml, context in
                number.decode(yaml, context).map { (Float($0.value), $0.canonical) }
            }, canonical: { .number(decimal($0)) })
    }
}
