import Foundation
import Support

/// A token with a log-probability, as a server names it.
package struct NamedToken: Equatable, Sendable {
    package var text: String
    /// The exact bytes, which some servers give beside the text.
    package var bytes: [UInt8]?
    package var logProbability: Double
    /// The id; few servers give it.
    package var id: Int32?

    package init(text: String = "", bytes: [UInt8]? = nil, logProbability: Double, id: Int32? = nil) {
        (self.text, self.bytes, self.logProbability, self.id) = (text, bytes, logProbability, id)
    }

    /// An entry of `content` or of its `top_logprobs`.
    init(_ entry: OrderedJSON) {
        self.init(logProbability: entry["logprob"]?.double ?? Self.unknown)
        if case .string(let text)? = entry["token"] { self.text = text }
        if case .array(let values)? = entry["bytes"] {
            bytes = values.map {
                if case .integer(let byte) = $0 { UInt8(truncatingIfNeeded: byte) } else { 0 }
            }
        }
        if case .integer(let id)? = entry["id"] { self.id = Int32(exactly: id) }
        if text.hasPrefix(TokenTexts.idPrefix) {
            (id, text, bytes) = (Int32(text.dropFirst(TokenTexts.idPrefix.count)), "", nil)
        }
        // The bytes of the replacement character (Ollama, vLLM) are those of the text, not of the token.
        if let bytes, bytes.isEmpty || String(validating: bytes, as: UTF8.self)?.contains("\u{FFFD}") == true
        {
            self.bytes = nil
        }
    }

    /// What servers write for a log-probability that they do not know, as vLLM at the end of an answer.
    static let unknown = -9999.0

    /// Whether there is a log-probability.
    var isKnown: Bool { logProbability > Self.unknown }

    /// What the token adds to a text; nil where the server's text may lack a part of a character.
    var exactBytes: [UInt8]? { bytes ?? (text.isEmpty || text.contains("\u{FFFD}") ? nil : Array(text.utf8)) }

    /// Whether both are one token: by the ids, or else by the texts.
    func isSame(as other: NamedToken) -> Bool {
        if let id, let other = other.id { return id == other }
        return (bytes ?? Array(text.utf8)) == (other.bytes ?? Array(other.text.utf8))
    }

    /// The text that names the token; nil for bytes that are no whole characters.
    var name: String? { bytes.map { String(validating: $0, as: UTF8.self) } ?? text }
}

extension NamedToken {
    /// The token as one text: bytes that are no whole characters as OpenAI's completions write them, `bytes:\xe2\x9c`.
    var spelling: String {
        name ?? Self.bytesPrefix
            + (bytes ?? []).map { #"\x"# + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A token that was written by its spelling.
    init(spelling: String, logProbability: Double, id: Int32?) {
        self.init(text: spelling, logProbability: logProbability, id: id)
        guard spelling.hasPrefix(Self.bytesPrefix) else { return }
        let digits = spelling.dropFirst(Self.bytesPrefix.count).split(separator: #"\x"#)
        let values = digits.compactMap { $0.count == 2 ? UInt8($0, radix: 16) : nil }
        guard !values.isEmpty, values.count == digits.count else { return }
        (text, bytes) = ("", values)
    }

    private static let bytesPrefix = "bytes:"
}

extension OrderedJSON {
    /// A number.
    var double: Double? {
        switch self {
        case .number(let number): number
        case .integer(let number): Double(number)
        default: nil
        }
    }
}
