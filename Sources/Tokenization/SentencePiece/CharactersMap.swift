/// The table by which a model rewrites characters before segmentation (`precompiled_charsmap`).
///
/// Layout: the size of a trie in bytes as 32 little-endian bits; the trie, an array of 32-bit units; then the
/// replacements, each ended by a NUL. A value in the trie is the position of a replacement.
///
/// The trie is a double array in the format of darts-clone. A unit holds the byte that leads to it (bits 0 to
/// 7, and 31 clear), whether a value ends there (bit 8) and the distance to its children (bits 10 to 30, times
/// 256 if bit 9 is set); the child for byte b is at the unit's position xor distance xor b, its value at byte 0.
struct CharactersMap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]

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
    }

    /// The replacement for the longest key at a position of a text, and the key's length.
    func longestMatch(
        in text: UnsafeBufferPointer<UInt8>, at position: Int
    ) -> (replacement: ArraySlice<UInt8>, length: Int)? {
        var match: (value: Int, length: Int)?
        var place = Self.distance(units[0])
        for index in position..<text.count {
            place ^= Int(text[index])
            // In a valid table every index is in range; a damaged one must not cause an out-of-bounds access.
            guard place < units.count else { break }
            let unit = units[place]
            guard unit & 0x8000_00ff == UInt32(text[index]) else { break }
            place ^= Self.distance(unit)
            if unit >> 8 & 1 == 1, place < units.count {
                match = (Int(units[place] & 0x7fff_ffff), index + 1 - position)
            }
        }
        guard let (value, length) = match, value < replacements.count else { return nil }
        return (replacements[value...].prefix { $0 != 0 }, length)
    }

    private static func distance(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & 1 << 9) >> 6) }
}
