import Foundation
import Tokenization

/// Writes models by hand, sound and unsound.
struct ModelBuilder {
    /// Number of the kind in the file: 1 unigram, 2 bpe, 3 word, 4 char.
    var kind: UInt8 = 1
    /// Spelling, score, type (1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte).
    var pieces: [(String, Float, UInt8)] = [("<unk>", 0, 2), ("a", -1, 1)]
    var byteFallback = false
    /// Fields added to the trainer's and the normalizer's message, and to the whole.
    var trainer: [UInt8] = []
    var normalizer: [UInt8] = []
    var extra: [UInt8] = []

    static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        var length = bytes.count
        var prefix: [UInt8] = []
        repeat {
            prefix.append(UInt8(length & 0x7f) | (length > 0x7f ? 0x80 : 0))
            length >>= 7
        } while length > 0
        return [number << 3 | 2] + prefix + bytes
    }

    var data: Data {
        var bytes: [UInt8] = []
        for (spelling, score, type) in pieces {
            let bits = (0..<4).map { UInt8(truncatingIfNeeded: score.bitPattern >> (8 * $0)) }
            bytes += Self.field(
                1, Self.field(1, Array(spelling.utf8)) + [2 << 3 | 5] + bits + [3 << 3, type])
        }
        // Field 35, byte_fallback, has a key of two bytes.
        let fallback: [UInt8] = [0x98, 0x02, byteFallback ? 1 : 0]
        bytes += Self.field(2, [3 << 3, kind] + fallback + trainer)
        // No space before a text, no white space removed.
        bytes += Self.field(3, [3 << 3, 0, 4 << 3, 0] + normalizer)
        return Data(bytes + extra)
    }

    func tokenizer() throws -> Tokenizer { try Tokenizer(serializedModel: data, name: "made.model") }
}
