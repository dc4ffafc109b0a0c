import Support

/// How the value of a key is read: its description, and a function from YAML to a value and its normal form.
struct KeyType<Value> {
    /// For the reference and for messages, such as "integer, 1 to 64".
    let summary: String
    /// What reading goes on with after a mistake has been reported.
    let placeholder: () -> Value
    /// The keys of a value that is a mapping.
    var nested: () -> [KeyDeclaration] = { [] }
    /// The limits of a value that is a number, or of the numbers of a list.
    var limits: KeyLimits?
    /// What is done with the file that a value names.
    var use: FileUse?
    /// The value and its normal form; `nil` once the problem is reported.
    let decode: (YAMLValue, Decoding) -> (value: Value, setting: CanonicalValue)?
    /// The normal form of a default.
    let setting: (Value) -> CanonicalValue
}

/// The limits of a key's numbers.
enum KeyLimits: Equatable, Sendable {
    case integer(ClosedRange<Int>)
    case number(NumberLimits)
}

extension KeyType {
    /// A type read from a scalar's text; `parse` returns the value or what is wrong with the text.
    fileprivate static func scalar(
        _ summary: String, placeholder: @escaping @autoclosure () -> Value,
        setting: @escaping (Value) -> CanonicalValue,
        _ parse: @escaping (String, Bool) -> Result<Value, Mismatch>
    ) -> KeyType {
        KeyType(
            summary: summary, placeholder: placeholder,
            decode: { yaml, decoding in
                guard case .scalar(let text, let quoted) = yaml.content else {
                    decoding.problems.add(
                        "found \(yaml.kindName)", at: yaml.place, hint: "expected: \(summary)")
                    return nil
                }
                switch parse(text, quoted) {
                case .success(let value): return (value, setting(value))
                case .failure(let mismatch):
                    decoding.problems.add(
                        mismatch.problem ?? "found \(yaml.kindName)", at: yaml.place,
                        hint: mismatch.hint ?? "expected: \(summary)")
                    return nil
                }
            }, setting: setting)
    }
}

private struct Mismatch: Error {
    var problem: String?
    var hint: String?
}

extension KeyType where Value == Int {
    static func integer(_ range: PartialRangeFrom<Int>) -> KeyType { integer(range.lowerBound...Int.max) }

    static func integer(_ range: ClosedRange<Int>) -> KeyType {
        let summary = "integer, \(range.limits)"
        var type = scalar(summary, placeholder: range.lowerBound, setting: CanonicalValue.integer) {
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
    static func number(_ limits: NumberLimits) -> KeyType {
        // Reading goes on with a number that the code behind the key can use.
        let placeholder = limits.contains(0.5) ? 0.5 : limits.most
        var type = scalar("number, \(limits)", placeholder: placeholder, setting: CanonicalValue.number) {
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
    static var seed: KeyType {
        let type = KeyType<Int>.integer(0...)
        return KeyType(
            summary: type.summary, placeholder: { 0 }, limits: type.limits,
            decode: { yaml, decoding in type.decode(yaml, decoding).map { (UInt64($0.value), $0.setting) } },
            setting: { .integer(Int($0)) })
    }
}

extension KeyType where Value == Bool {
    static var boolean: KeyType {
        scalar("true or false", placeholder: false, setting: CanonicalValue.boolean) { text, quoted in
            switch text {
            case "true" where !quoted: .success(true)
            case "false" where !quoted: .success(false)
            default: .failure(Mismatch())
            }
        }
    }
}

extension KeyType where Value == String {
    static var text: KeyType {
        scalar("text", placeholder: "", setting: CanonicalValue.text) { text, _ in .success(text) }
    }

    /// A name that becomes a file name: lower-case letters, digits, `-` and `_`, and none of `reserved`.
    static func name(reserved: Set<String> = []) -> KeyType {
        scalar("a name of lower-case letters, digits, - and _", placeholder: "", setting: CanonicalValue.text)
        {
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
    static var choice: KeyType {
        let words = Value.allCases.map(\.rawValue)
        precondition(!words.isEmpty, "a choice has words to choose from")
        return scalar(
            words.joined(separator: ", "), placeholder: Array(Value.allCases)[0],
            setting: { .text($0.rawValue) }
        ) { text, _ in
            if let value = Value(rawValue: text) { return .success(value) }
            let near = nearest(to: text, among: words).map { "did you mean \"\($0)\"? " } ?? ""
            return .failure(Mismatch(hint: "\(near)accepted: \(words.joined(separator: ", "))"))
        }
    }
}

extension KeyType {
    /// A list of values of one type.
    static func list<Element>(of element: KeyType<Element>, atLeast least: Int = 1) -> KeyType
    where Value == [Element] {
        KeyType(
            summary: "list of: \(element.summary)", placeholder: { [] }, nested: element.nested,
            limits: element.limits, use: element.use,
            decode: { yaml, decoding in
                guard case .list(let items) = yaml.content else {
                    decoding.problems.add(
                        "found \(yaml.kindName)", at: yaml.place,
                        hint: "expected: list of: \(element.summary)")
                    return nil
                }
                guard items.count >= least else {
                    decoding.problems.add(
                        "the list is empty", at: yaml.place, hint: "expected: \(element.summary)")
                    return nil
                }
                let decoded = items.compactMap { element.decode($0, decoding) }
                return (decoded.map(\.value), .list(decoded.map(\.setting)))
            }, setting: { .list($0.map(element.setting)) })
    }

    /// A list that may be written as its only element.
    static func oneOrMore<Element>(_ element: KeyType<Element>) -> KeyType where Value == [Element] {
        let list = KeyType.list(of: element)
        return KeyType(
            summary: "\(element.summary), or a list of them", placeholder: { [] }, nested: element.nested,
            limits: element.limits, use: element.use,
            decode: { yaml, decoding in
                if case .list = yaml.content { return list.decode(yaml, decoding) }
                return element.decode(yaml, decoding).map { ([$0.value], .list([$0.setting])) }
            }, setting: list.setting)
    }

    /// Values under names the user chooses, in the order of the file.
    static func named<Element>(_ element: KeyType<Element>) -> KeyType
    where Value == [(name: String, value: Element)] {
        KeyType(
            summary: "mapping of a name to: \(element.summary)", placeholder: { [] }, nested: element.nested,
            limits: element.limits, use: element.use,
            decode: { yaml, decoding in
                guard let entries = yaml.entries else {
                    decoding.problems.add(
                        "found \(yaml.kindName)", at: yaml.place,
                        hint: "expected: mapping of a name to: \(element.summary)")
                    return nil
                }
                let decoded = entries.compactMap { entry in
                    element.decode(entry.value, decoding).map { (name: entry.key, decoded: $0) }
                }
                return (
                    decoded.map { ($0.name, $0.decoded.value) },
                    .list(decoded.map { .list([.text($0.name), $0.decoded.setting]) })
                )
            },
            setting: { .list($0.map { .list([.text($0.name), element.setting($0.value)]) }) })
    }

    /// A mapping with keys of its own.
    static func section(_ type: Value.Type) -> KeyType where Value: RecipeSection {
        let empty = YAMLValue(place: SourceLocation(origin: ""), content: .mapping([]))
        return KeyType(
            summary: "mapping", placeholder: { type.init(Section(empty, decoding: Decoding())) },
            nested: {
                let section = Section(empty, decoding: Decoding())
                _ = type.init(section)
                return section.declarations
            },
            decode: { yaml, decoding in
                let section = Section(yaml, decoding: decoding)
                let value = type.init(section)
                section.finish()
                return (value, .map(section.settings))
            }, setting: { _ in preconditionFailure("a section has no default of its own") })
    }
}

// MARK: Numbers as people write them

/// A number with an optional exponent and `_` between digits: `2e-3`, `1_000_000`. `nil` for anything else, infinity
/// included.
func numberValue(_ text: String) -> Double? {
    let pattern = /[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][-+]?\d+)?/
    guard text.wholeMatch(of: pattern) != nil, let value = Double(text.replacing("_", with: "")),
        value.isFinite
    else { return nil }
    return value
}

/// A whole number, also as `2e6`. `nil` if the number is not whole or does not fit.
func integerValue(_ text: String) -> Int? {
    guard let value = numberValue(text) else { return nil }
    if let exact = Int(text.replacing("_", with: "")) { return exact }
    // Above 2^53 a Double no longer says which integer was meant.
    guard value.rounded() == value, abs(value) <= 0x1p53 else { return nil }
    return Int(value)
}

/// The number that people mean by a Float: 0.1 of Float is not the 0.1 of Double, but is written like it.
func decimal(_ value: Float) -> Double { Double("\(value)")! }
