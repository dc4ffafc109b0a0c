/// Reading a document part by part, for files with lists so long that no `JSONValue` should hold them.
///
///     var parser = JSONParser(data, fileName: name)
///     try parser.pull { parser in
///         try parser.members { key, parser in
///             if key == "vocab" { … } else { values[key] = try parser.value() }
///         }
///     }
extension JSONParser {
    /// What a value is.
    package enum Kind: String, Sendable {
        case object = "an object"
        case array = "a list"
        case string = "a text"
        /// A number, true, false or null.
        case scalar = "a number or word"
    }

    /// Reads the file's one value, which `body` must read to its end.
    /// - Throws: `UserError` with line and column of the first mistake.
    package mutating func pull(_ body: (inout JSONParser) throws -> Void) throws {
        try begin()
        skipSpace()
        try body(&self)
        try finish()
    }

    /// What the next value is.
    package mutating func nextKind() -> Kind {
        skipSpace()
        return switch peek {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        default: .scalar
        }
    }

    /// Bytes of the file before the next one that is read.
    package var position: Int { index }

    /// Reads the next value whole.
    package mutating func value() throws -> JSONValue { try value(depth: 0) }

    /// Reads the next value, an object; `body` reads the value of each key.
    package mutating func members(_ body: (_ key: String, inout JSONParser) throws -> Void) throws {
        var keys: Set<String> = []
        try items(open: "{", close: "}", "an object") { parser in
            parser.skipSpace()
            let start = parser.index
            guard parser.peek == UInt8(ascii: "\"") else {
                throw parser.unexpected("a key in quotation marks")
            }
            let key = try parser.string()
            guard parser.skip(":") else { throw parser.unexpected("\":\" after the key \"\(key)\"") }
            guard keys.insert(key).inserted else {
                parser.index = start
                throw parser.error("the key \"\(key)\" is given twice")
            }
            parser.skipSpace()
            try body(key, &parser)
        }
    }

    /// Reads the next value, an object of integers: the bytes of each key are appended to `bytes`, then `body` is called with
    /// its value. Whether a key is given twice is for the caller to check.
    package mutating func integers(
        keys bytes: inout [UInt8], _ body: (_ value: Int, _ bytes: inout [UInt8]) throws -> Void
    ) throws {
        try items(open: "{", close: "}", "an object") { parser in
            parser.skipSpace()
            guard parser.peek == UInt8(ascii: "\"") else {
                throw parser.unexpected("a key in quotation marks")
            }
            try parser.appendString(to: &bytes)
            guard parser.skip(":") else { throw parser.unexpected("\":\" after a key") }
            parser.skipSpace()
            let start = parser.index
            guard case .integer(let value) = try parser.value(depth: 0) else {
                parser.index = start
                throw parser.unexpected("an integer")
            }
            try body(value, &bytes)
        }
    }

    /// Reads the next value, a list; `body` reads each of its values.
    package mutating func elements(_ body: (inout JSONParser) throws -> Void) throws {
        try items(open: "[", close: "]", "a list") { parser in
            parser.skipSpace()
            try body(&parser)
        }
    }

    /// Reads the next value, a string, and appends its UTF-8.
    package mutating func string(to bytes: inout [UInt8]) throws {
        skipSpace()
        guard peek == UInt8(ascii: "\"") else { throw unexpected("a text in quotation marks") }
        try appendString(to: &bytes)
    }

    private mutating func items(
        open: Unicode.Scalar, close: Unicode.Scalar, _ what: String, _ body: (inout JSONParser) throws -> Void
    ) throws {
        guard skip(open) else { throw unexpected(what) }
        if skip(close) { return }
        repeat { try body(&self) } while skip(",")
        guard skip(close) else { throw unexpected("\",\" or \"\(close)\"") }
    }
}

extension JSONParser {
    /// Reads the next value, a text, number or word, and whether a number is written as an integer: 30, not 30.0 or 3e1.
    package mutating func scalar() throws -> (value: JSONValue, isInteger: Bool) {
        skipSpace()
        let start = index
        let value = try value(depth: 0)
        let isInteger = !bytes[start..<index].contains { [UInt8(ascii: "."), 0x45, 0x65].contains($0) }
        return (value, isInteger)
    }
}
