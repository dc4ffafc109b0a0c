import Support

/// Reads the metadata of a GGUF file and gathers what is wrong with it, to report all of it at once.
struct GGUFKeys {
    private let file: GGUFFile
    /// Put before keys that begin with a dot.
    private let architecture: String
    private(set) var problems: [String] = []

    init(_ file: GGUFFile, architecture: String) {
        self.file = file
        self.architecture = architecture
    }

    /// The value of a key; one that begins with a dot belongs to the architecture.
    subscript(key: String) -> GGUFValue? { file.metadata[full(key)] }

    private func full(_ key: String) -> String { key.hasPrefix(".") ? architecture + key : key }

    mutating func reject(_ key: String, _ reason: String) {
        problems.append("\"\(full(key))\" is \(self[key]?.text ?? "missing"): \(reason)")
    }

    mutating func optionalInteger(_ key: String) -> Int? {
        switch self[key] {
        case nil: return nil
        case .integer(let value)?: return value
        // Some keys may have a value for each layer; we have one for all.
        case .array(let array)?:
            if let values = array.numbers, let first = values.first, values.allSatisfy({ $0 == first }) {
                return Int(exactly: first)
            }
            reject(key, "one whole number for all layers is expected")
            return 0
        default:
            reject(key, "a whole number is expected")
            return 0
        }
    }

    mutating func integer(_ key: String) -> Int {
        if let value = optionalInteger(key) { return value }
        reject(key, "a whole number is expected")
        return 0
    }

    mutating func optionalNumber(_ key: String) -> Double? {
        switch self[key] {
        case nil: return nil
        case .number(let value)?: return value
        case .integer(let value)?: return Double(value)
        default:
            reject(key, "a number is expected")
            return nil
        }
    }

    mutating func boolean(_ key: String, default standard: Bool) -> Bool {
        switch self[key] {
        case nil: return standard
        case .boolean(let value)?: return value
        default:
            reject(key, "true or false is expected")
            return standard
        }
    }

    mutating func string(_ key: String) -> String? {
        switch self[key] {
        case nil: return nil
        case .string(let value)?: return value
        default:
            reject(key, "a text is expected")
            return nil
        }
    }
}
