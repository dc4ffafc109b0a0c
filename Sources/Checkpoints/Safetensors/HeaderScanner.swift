import Support

/// Reads the JSON of a safetensors header from front to back: objects, lists, strings and whole numbers, which is
/// all the format holds. A general JSON parser would let duplicate keys and fractional sizes pass.
struct HeaderScanner {
    struct Fault: Error {
        var problem: String
    }

    /// Valid UTF-8.
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    func fault(_ problem: String) -> Fault {
        Fault(problem: "\(problem) at byte \(index + 1) of the header")
    }

    private mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    /// Passes over `character` if it comes next.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws {
        guard skip(character) else { throw fault("\"\(character)\" is expected") }
    }

    mutating func expectEnd() throws {
        skipSpace()
        guard index == bytes.count else { throw fault("the JSON ends, but more follows") }
    }

    /// Reads an object; `body` reads the value of each key. Duplicate keys are a fault.
    mutating func object(_ body: (String, inout HeaderScanner) throws -> Void) throws {
        try expect("{")
        if skip("}") { return }
        var seen: Set<String> = []
        repeat {
            let key = try string()
            guard seen.insert(key).inserted else { throw fault("the key \"\(key)\" is given twice") }
            try expect(":")
            try body(key, &self)
        } while skip(",")
        try expect("}")
    }

    /// Reads a list of whole numbers, each at least 0.
    mutating func sizes() throws -> [Int] {
        try expect("[")
        if skip("]") { return [] }
        var result: [Int] = []
        repeat { result.append(try size()) } while skip(",")
        try expect("]")
        return result
    }

    private mutating func size() throws -> Int {
        skipSpace()
        let start = index
        while index < bytes.count, Self.isInNumber(bytes[index]) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }
        guard isPlain, text == "0" || !text.hasPrefix("0"), let value = Int(text) else {
            index = start
            let found = text.isEmpty ? "" : ", not \(text.prefix(40))"
            throw fault("a whole number from 0 to 2^63 - 1 is expected\(found)")
        }
        return value
    }

    private static func isInNumber(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
    }

    mutating func string() throws -> String {
        try expect("\"")
        var content: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                index += 1
                content += try Array(String(escaped()).utf8)
            case 0..<0x20:
                throw fault("a control character stands in a string")
            default:
                content.append(byte)
                index += 1
            }
        }
        throw fault("a string does not end")
    }

    /// Reads what follows a backslash.
    private mutating func escaped() throws -> Unicode.Scalar {
        do {
            return try JSONEscape.scalar(in: bytes, at: &index)
        } catch {
            switch error {
            case .cut: throw fault("a string does not end")
            case .unknown: throw fault("an unknown escape stands in a string")
            case .notHexadecimal: throw fault("four hexadecimal digits are expected")
            case .halfSurrogatePair: throw fault("half a surrogate pair stands in a string")
            }
        }
    }
}
