import Support

/// Reads the keys of an object and gathers what is wrong with them, to report all of it at once.
struct KeyReader {
    private let object: [String: JSONValue]
    /// What the file calls keys, by their usual names.
    private let spellings: [String: String]
    private(set) var problems: [String] = []

    init(_ object: [String: JSONValue], spellings: [String: String] = [:]) {
        self.object = object
        self.spellings = spellings
    }

    /// The value of `key`; nil where it is absent or null.
    subscript(key: String) -> JSONValue? {
        let value = value(key)
        return value == .null ? nil : value
    }

    private func value(_ key: String) -> JSONValue? { object[spellings[key] ?? key] }

    /// Whether `key` is there and null.
    func isNull(_ key: String) -> Bool { value(key) == .null }

    mutating func reject(_ key: String, _ reason: String) {
        problems.append("\"\(spellings[key] ?? key)\" is \(self[key]?.text ?? "missing"): \(reason)")
    }

    /// A whole number; 0, with a problem noted, if it is anything else or missing without a default.
    mutating func integer(_ key: String, default standard: Int? = nil) -> Int {
        switch self[key] {
        case .integer(let value): return value
        case nil where standard != nil: return standard!
        default:
            reject(key, "a whole number is expected")
            return 0
        }
    }

    mutating func number(_ key: String, default standard: Double) -> Double {
        switch self[key] {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case nil: return standard
        default:
            reject(key, "a number is expected")
            return standard
        }
    }

    /// A number, nothing where the key is null, or `standard` where it is absent.
    mutating func optionalNumber(_ key: String, default standard: Double?) -> Double? {
        isNull(key) ? nil : self[key] == nil ? standard : number(key, default: 0)
    }

    mutating func numbers(_ key: String) -> [Double] {
        var values: [Double] = []
        if case .array(let list)? = self[key] {
            for value in list {
                switch value {
                case .integer(let number): values.append(Double(number))
                case .number(let number): values.append(number)
                default: break
                }
            }
            if values.count == list.count { return values }
        }
        reject(key, "a list of numbers is expected")
        return []
    }

    mutating func boolean(_ key: String, default standard: Bool) -> Bool {
        switch self[key] {
        case .boolean(let value): return value
        case nil: return standard
        default:
            reject(key, "true or false is expected")
            return standard
        }
    }

    /// Notes a problem unless `key` is absent, null or one of `values`.
    mutating func demand(_ key: String, _ values: JSONValue...) { demand(key, values) }

    /// Notes a problem unless `key` is absent, null or one of `values`.
    mutating func demand(_ key: String, _ values: [JSONValue]) {
        guard let value = self[key], !values.contains(value) else { return }
        reject(
            key,
            "only \(values.map(\.text).joined(separator: " or ")) \(values.count == 1 ? "is" : "are") supported"
        )
    }
}
