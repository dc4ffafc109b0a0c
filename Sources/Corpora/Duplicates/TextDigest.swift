import Support
import Tokenization

/// 128 bits of the SHA-256 digest of a record's text, by which equal texts are found.
package struct TextDigest: Hashable, Sendable {
    private let first, second: UInt64

    /// - Parameters:
    ///   - record: the chat or text
    ///   - part: the part that is compared
    ///   - isNormalized: whether case, spacing and punctuation are left out of the comparison
    package init(_ record: CorpusRecord, of part: TextPart, isNormalized: Bool) {
        var hash = SHA256()
        func add(_ text: String) {
            let words = isNormalized ? NormalizedWords(text).bytes : []
            // A text of symbols alone has no words to be compared by; white space is no difference there either.
            let bytes =
                !words.isEmpty
                ? words : Array((isNormalized ? text.filter { !$0.isWhitespace } : text).utf8)
            withUnsafeBytes(of: bytes.count) { hash.update($0) }
            bytes.withUnsafeBytes { hash.update($0) }
        }
        switch record {
        case .text(let text): add(text)
        case .chat(let messages, _):
            for message in messages where part.contains(message.role) {
                // Who says it is a part of a chat.
                if part != .answer { add(message.role.rawValue) }
                add(message.content)
            }
        }
        let digest = hash.digest()
        (first, second) = digest.withUnsafeBytes {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }

    /// The digest is a hash already.
    package func hash(into hasher: inout Hasher) { hasher.combine(first) }
}
