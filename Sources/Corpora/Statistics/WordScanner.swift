/// The words of a text, as ranges of its UTF-8 bytes.
///
/// A word is a run of ASCII letters and digits, of apostrophes within them, and of all other characters that are not ASCII. Scripts
/// without spaces between words give one word for each run of characters: counts of words say little there.
struct WordScanner: Sequence, IteratorProtocol {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func next() -> Range<Int>? {
        while index < bytes.count, !Self.isWord(bytes[index]) { index += 1 }
        guard index < bytes.count else { return nil }
        let start = index
        while index < bytes.count {
            let isInner =
                bytes[index] == UInt8(ascii: "'") && index + 1 < bytes.count && Self.isWord(bytes[index + 1])
            guard Self.isWord(bytes[index]) || isInner else { break }
            index += 1
        }
        return start..<index
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), 0x80...:
            true
        default: false
        }
    }
}

/// 64-bit FNV-1a hashes (Fowler, Noll & Vo), of bytes and of sequences of hashes.
///
/// Two of ten million texts have the same one with a probability of 3e-6.
struct ContentHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func combine(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

    mutating func combine(_ other: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { combine(UInt8(truncatingIfNeeded: other >> shift)) }
    }

    /// The hash of some bytes.
    static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash = ContentHash()
        for byte in bytes { hash.combine(byte) }
        return hash.value
    }
}
