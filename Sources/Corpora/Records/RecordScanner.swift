import Foundation
import Support
import Tokenization

/// A fast path for records in their usual form, many times as fast as `JSONDecoder`.
///
/// It parses all of JSON's grammar, but gives up on input that is invalid, unusual or not a record; `JSONDecoder` then decides,
/// and reports what is wrong. So this parser may reject anything, but must be right about what it accepts.
struct RecordScanner {
    private struct Unsure: Error {}

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// Values nested deeper (under keys that are ignored) are left to `JSONDecoder`.
    private static let mostLevels = 32

    /// Keys of records and of messages that are left to `JSONDecoder`: those this parser does not read, and repeated ones.
    private static let otherKeys: [StaticString] = [
        "messages", "prompt", "completion", "text", "conversations", "instruction", "tools",
    ]
    private static let otherMessageKeys: [StaticString] = [
        "role", "content", "from", "value", "weight", "train", "training", "trainable", "loss", "mask",
        "masked", "train_detail", "function_call", "tool_calls", "tool_call_id", "name", "reasoning_content",
        "reasoning", "thinking",
    ]

    /// The record of a line of valid UTF-8, or nil where `JSONDecoder` has to decide.
    static func record(in line: Data) -> CorpusRecord? {
        line.withUnsafeBytes { bytes in
            var scanner = RecordScanner(bytes: bytes)
            return try? scanner.record()
        }
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    // MARK: - Records

    private mutating func record() throws(Unsure) -> CorpusRecord {
        var messages: [Message]?
        var (prompt, completion, text): (String?, String?, String?)
        try members { (scanner, key) throws(Unsure) in
            if key("messages"), messages == nil {
                messages = try scanner.messages()
            } else if key("prompt"), prompt == nil {
                prompt = try scanner.string()
            } else if key("completion"), completion == nil {
                completion = try scanner.string()
            } else if key("text"), text == nil {
                text = try scanner.string()
            } else if Self.otherKeys.contains(where: key) {
                throw Unsure()
            } else {
                try scanner.passValue(level: 0)
            }
        }
        passSpace()
        guard position == bytes.count else { throw Unsure() }
        switch (messages, prompt, completion, text) {
        case (let messages?, nil, nil, nil) where !messages.isEmpty: return .chat(messages)
        case (nil, let prompt?, let completion, nil):
            let reply = completion.map { [Message(role: .assistant, content: $0)] } ?? []
            return .chat([Message(role: .user, content: prompt)] + reply)
        case (nil, nil, nil, let text?): return .text(text)
        default: throw Unsure()
        }
    }

    private mutating func messages() throws(Unsure) -> [Message] {
        var messages: [Message] = []
        try elements { (scanner) throws(Unsure) in messages.append(try scanner.message()) }
        return messages
    }

    private mutating func message() throws(Unsure) -> Message {
        var (role, content): (Role?, String?)
        try members { (scanner, key) throws(Unsure) in
            if key("role"), role == nil {
                role = Role(rawValue: try scanner.string())
                if role == nil { throw Unsure() }
            } else if key("content"), content == nil {
                content = try scanner.string()
            } else if Self.otherMessageKeys.contains(where: key) {
                throw Unsure()
            } else {
                try scanner.passValue(level: 0)
            }
        }
        guard let role, let content else { throw Unsure() }
        return Message(role: role, content: content)
    }

    // MARK: - Values

    /// Reads an object; `body` reads the value of each key, and can compare the key with given ones.
    private mutating func members(
        _ body: (inout RecordScanner, _ key: (StaticString) -> Bool) throws(Unsure) -> Void
    ) throws(Unsure) {
        try sequence(from: UInt8(ascii: "{"), to: UInt8(ascii: "}")) { (scanner) throws(Unsure) in
            let (range, hasEscapes) = try scanner.stringRange()
            // An escaped key could be any of those above.
            if hasEscapes { throw Unsure() }
            try scanner.pass(UInt8(ascii: ":"))
            let key = UnsafeRawBufferPointer(rebasing: scanner.bytes[range])
            try body(&scanner) { name in
                key.count == name.utf8CodeUnitCount
                    && memcmp(key.baseAddress!, name.utf8Start, key.count) == 0
            }
        }
    }

    private mutating func elements(_ body: (inout RecordScanner) throws(Unsure) -> Void) throws(Unsure) {
        try sequence(from: UInt8(ascii: "["), to: UInt8(ascii: "]"), body)
    }

    /// Reads a list of elements between brackets, separated by commas.
    private mutating func sequence(
        from opening: UInt8, to closing: UInt8, _ body: (inout RecordScanner) throws(Unsure) -> Void
    ) throws(Unsure) {
        try pass(opening)
        passSpace()
        if next == closing {
            position += 1
            return
        }
        while true {
            try body(&self)
            passSpace()
            guard let byte = next else { throw Unsure() }
            position += 1
            if byte == closing { return }
            guard byte == UInt8(ascii: ",") else { throw Unsure() }
        }
    }

    private mutating func passValue(level: Int) throws(Unsure) {
        guard level < Self.mostLevels else { throw Unsure() }
        passSpace()
        switch next {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"):
            try members { (scanner, _) throws(Unsure) in try scanner.passValue(level: level + 1) }
        case UInt8(ascii: "["):
            try elements { (scanner) throws(Unsure) in try scanner.passValue(level: level + 1) }
        case UInt8(ascii: "t"): try pass("true")
        case UInt8(ascii: "f"): try pass("false")
        case UInt8(ascii: "n"): try pass("null")
        default: try passNumber()
        }
    }

    private mutating func passNumber() throws(Unsure) {
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") { position += 1 } else { try passDigits() }
        if next == UInt8(ascii: ".") {
            position += 1
            try passDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try passDigits()
        }
    }

    private mutating func passDigits() throws(Unsure) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        if position == start { throw Unsure() }
    }

    // MARK: - Strings

    private mutating func string() throws(Unsure) -> String {
        let (range, hasEscapes) = try stringRange()
        let raw = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard hasEscapes else { return String(decoding: raw, as: UTF8.self) }
        var isSound = true
        // No character is longer than its escape.
        let text = String(unsafeUninitializedCapacity: raw.count) { output in
            guard let count = Self.unescape(raw, into: output) else {
                isSound = false
                return 0
            }
            return count
        }
        if !isSound { throw Unsure() }
        return text
    }

    /// Skips a string; returns the range between the quotation marks.
    private mutating func stringRange() throws(Unsure) -> (Range<Int>, hasEscapes: Bool) {
        try pass(UInt8(ascii: "\""))
        let start = position
        var hasEscapes = false
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return (start..<position - 1, hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                position += 2
            case ..<0x20: throw Unsure()
            default: position += 1
            }
        }
        throw Unsure()
    }

    /// Writes text without its escapes and returns its length, or nil if an escape is invalid.
    private static func unescape(
        _ raw: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int? {
        var (position, count) = (0, 0)
        func write(_ byte: UInt8) {
            output[count] = byte
            count += 1
        }
        while position < raw.count {
            let byte = raw[position]
            position += 1
            guard byte == UInt8(ascii: "\\") else {
                write(byte)
                continue
            }
            guard let scalar = try? JSONEscape.scalar(in: raw, at: &position) else { return nil }
            for byte in UTF8.encode(scalar)! { write(byte) }
        }
        return count
    }

    // MARK: - Bytes

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func passSpace() {
        while let byte = next, byte == 0x20 || byte == 9 || byte == 10 || byte == 13 { position += 1 }
    }

    private mutating func pass(_ byte: UInt8) throws(Unsure) {
        passSpace()
        guard next == byte else { throw Unsure() }
        position += 1
    }

    private mutating func pass(_ word: StaticString) throws(Unsure) {
        for index in 0..<word.utf8CodeUnitCount {
            guard next == word.utf8Start[index] else { throw Unsure() }
            position += 1
        }
    }
}
