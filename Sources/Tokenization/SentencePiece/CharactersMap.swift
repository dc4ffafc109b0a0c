import Support

/// The table by which a model rewrites characters before segmentation (`precompiled_charsmap`).
///
/// Layout: the size of a trie in bytes as 32 little-endian bits; the trie, an array of 32-bit units; then the
/// replacements, each ended by a NUL. A value in the trie is the position of a replacement.
///
/// The trie is a double array in the format of darts-clone. A unit holds the byte that leads to it (bits 0 to
/// 7, and 31 clear), whether a value ends there (bit 8) and the distance to its children (bits 10 to 30, times
/// 256 if bit 9 is set); the child for byte b is at the unit's position xor distance xor b, its value at byte 0.
struct CharactersMap: Equatable, Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]
    /// In bytes.
    let longestReplacement: Int

    /// Why some bytes are no table.
    struct Damaged: Error { let problem: String }

    init(_ bytes: ArraySlice<UInt8>) throws(Damaged) {
        func unit(_ position: Int) -> UInt32 {
            bytes[position..<position + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard bytes.count > 4 else { throw Damaged(problem: "its normalization table has no header") }
        let size = Int(unit(bytes.startIndex))
        guard size > 0, size % 4 == 0, size < bytes.count - 4 else {
            throw Damaged(problem: "its normalization table claims a trie of \(size) bytes")
        }
        let start = bytes.startIndex + 4
        units = stride(from: start, to: start + size, by: 4).map(unit)
        replacements = Array(bytes[(start + size)...])
        // Then every replacement ends inside the table.
        guard replacements.last == 0 else {
            throw Damaged(problem: "the replacements of its normalization table do not end")
        }
        longestReplacement = replacements.split(separator: 0).map(\.count).max() ?? 0
        guard longestReplacement <= Self.mostBytes else {
            throw Damaged(problem: "its normalization table has a replacement of \(longestReplacement) bytes")
        }
    }

    /// Of a replacement: memory stays in proportion to the text. NFKC's longest has 33.
    private static let mostBytes = 256

    /// The replacement for the shortest key that a text begins with; nil where it is not UTF-8.
    func shortestMatch(in text: UnsafeBufferPointer<UInt8>) -> ArraySlice<UInt8>? {
        var match: ArraySlice<UInt8>?
        forEachMatch(in: text, at: 0) { value, _ in
            match = replacement(value)
            return false
        }
        return match.flatMap { bytes in
            bytes.withUnsafeBytes { UTF8Validation.firstFault(in: $0) == nil } ? bytes : nil
        }
    }

    /// The replacement for the longest key at a position of a text, and the key's length.
    func longestMatch(
        in text: UnsafeBufferPointer<UInt8>, at position: Int
    ) -> (replacement: ArraySlice<UInt8>, length: Int)? {
        var match: (value: Int, length: Int)?
        forEachMatch(in: text, at: position) { value, length in
            match = (value, length)
            return true
        }
        guard let (value, length) = match, let bytes = replacement(value) else { return nil }
        return (bytes, length)
    }

    private func replacement(_ value: Int) -> ArraySlice<UInt8>? {
        value < replacements.count ? replacements[value...].prefix { $0 != 0 } : nil
    }

    /// Calls `body` with the value of each key at a position, and the key's length, the shortest first, as long as it wants more.
    @inline(__always)
    private func forEachMatch(
        in text: UnsafeBufferPointer<UInt8>, at position: Int, _ body: (_ value: Int, _ length: Int) -> Bool
    ) {
        var place = Self.distance(units[0])
        for index in position..<text.count {
            place ^= Int(text[index])
            // In a valid table every index is in range; a damaged one must not cause an out-of-bounds access.
            guard place < units.count else { break }
            let unit = units[place]
            guard unit & 0x8000_00ff == UInt32(text[index]) else { break }
            place ^= Self.distance(unit)
            if unit >> 8 & 1 == 1, place < units.count {
                guard body(Int(units[place] & 0x7fff_ffff), index + 1 - position) else { return }
            }
        }
    }

    private static func distance(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
}
