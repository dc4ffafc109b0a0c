import Foundation

/// Parses the JSON of configuration files (RFC 8259) in one pass: time is linear in the file's size.
///
/// Foundation's `JSONDecoder` takes time that grows with the cube of the depth for a value whose type is not known before,
/// and drops a mistake's line and column.
package struct JSONParser {
    /// Deepest nesting of lists and objects; Foundation has the same bound, configuration files use six levels.
    package static let deepest = 512

    let bytes: [UInt8]
    private let fileName: String
    var index = 0

    package init(_ data: Data, fileName: String) {
        bytes = [UInt8](data)
        self.fileName = fileName
    }

    /// The file's one value.
    /// - Throws: `UserError` with line and column of the first mistake, a key that is given twice among them.
    package mutating func document() throws -> JSONValue {
        try begin()
        let value = try value(depth: 0)
        try finish()
        return value
    }

    /// Checks the text, before anything is read of it.
    mutating func begin() throws {
        if let fault = bytes.withUnsafeBytes({ UTF8Validation.firstFault(in: $0) }) {
            index = fault
            throw error("the text is not UTF-8")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    /// Checks that nothing follows.
    mutating func finish() throws {
        skipSpace()
        guard index == bytes.count else { throw unexpected("the end of the file") }
    }

    // MARK: - Values

    mutating func value(depth: Int) throws -> JSONValue {
        skipSpace()
        guard depth <= Self.deepest else {
            throw error("lists and objects are nested more than \(Self.deepest) deep")
        }
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return try number()
        default:
            for (word, value) in [
                ("true", JSONValue.boolean(true)), ("false", .boolean(false)), ("null", .null),
            ]
            where bytes[index...].starts(with: word.utf8) {
                index += word.utf8.count
                return value
            }
            throw unexpected("a value")
        }
    }

    private mutating func object(depth: Int) throws -> JSONValue {
        var object: [String: JSONValue] = [:]
        try members { key, parser in object[key] = try parser.value(depth: depth + 1) }
        return .object(object)
    }

    private mutating func array(depth: Int) throws -> JSONValue {
        var values: [JSONValue] = []
        try elements { parser in values.append(try parser.value(depth: depth + 1)) }
        return .array(values)
    }

    /// A number; one without a fraction is an integer, however it is written (30.0, 3e1).
    private mutating func number() throws -> JSONValue {
        let start = index
        if peek == UInt8(ascii: "-") { index += 1 }
        let startsWithZero = peek == UInt8(ascii: "0")
        let first = index
        try digits()
        if startsWithZero, index > first + 1 {
            index = first
            throw error("a number begins with 0")
        }
        if peek == UInt8(ascii: ".") {
            index += 1
            try digits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            index += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            index = start
            throw error("the number \(text.prefix(40)) is too large")
        }
        return Int(exactly: number).map { .integer($0) } ?? .number(number)
    }

    private mutating func digits() throws {
        let start = index
        while let byte = peek, Self.isDigit(byte) { index += 1 }
        guard index > start else { throw unexpected("a digit") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    mutating func string() throws -> String {
        var end = index + 1
        Self.skipPlain(bytes, &end)
        if end < bytes.count, bytes[end] == UInt8(ascii: "\"") {
            // Nearly all have no escapes.
            defer { index = end + 1 }
            return String(decoding: bytes[index + 1..<end], as: UTF8.self)
        }
        var content: [UInt8] = []
        try appendString(to: &content)
        return String(decoding: content, as: UTF8.self)
    }

    /// Reads a string and appends its UTF-8.
    mutating func appendString(to content: inout [UInt8]) throws {
        index += 1
        while true {
            let start = index
            Self.skipPlain(bytes, &index)
            content += bytes[start..<index]
            switch peek {
            case UInt8(ascii: "\""):
                index += 1
                return
            case UInt8(ascii: "\\"): content += try Array(String(escaped()).utf8)
            case let byte?: throw error("a control character in a text; it is written as \\u00\(hex(byte))")
            case nil: throw unexpected("the quotation mark that ends the text")
            }
        }
    }

    /// Passes over characters that stand for themselves.
    private static func skipPlain(_ bytes: [UInt8], _ index: inout Int) {
        bytes.withUnsafeBufferPointer { bytes in
            var place = index
            while place < bytes.count {
                let byte = bytes[place]
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
                place += 1
            }
            index = place
        }
    }

    private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    private mutating func escaped() throws -> Unicode.Scalar {
        let start = index
        index += 1
        guard index < bytes.count else { throw unexpected("the rest of an escape") }
        do {
            var end = index
            let scalar = try bytes.withUnsafeBytes { try JSONEscape.scalar(in: $0, at: &end) }
            index = end
            return scalar
        } catch let fault as JSONEscape.Fault {
            index = start
            throw error(
                fault == .halfSurrogatePair ? "half of a surrogate pair" : "an escape that JSON does not have"
            )
        }
    }

    // MARK: - Characters

    var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    /// Passes over `character`, and space before it, if it comes next.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    func unexpected(_ expected: String) -> UserError {
        let found: String
        if index >= bytes.count {
            found = "the file ends"
        } else {
            let rest = String(decoding: bytes[index..<min(index + 4, bytes.count)], as: UTF8.self)
            found = "found \(rest.prefix(1).debugDescription)"
        }
        return error("\(found) where \(expected) is expected")
    }

    func error(_ problem: String) -> UserError {
        let before = bytes[..<min(index, bytes.count)]
        let lineStart = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
        return UserError(
            "not valid JSON: \(problem)", file: fileName, line: before.count { $0 == 10 } + 1,
            column: String(decoding: before[lineStart...], as: UTF8.self).count + 1)
    }
}
