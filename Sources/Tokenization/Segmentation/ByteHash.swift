/// A hash of short byte strings.
enum ByteHash {
    /// Eight bytes at a time, each multiplied by 2⁶⁴ / φ (Knuth, The Art of Computer Programming 3, 6.4).
    @inline(__always)
    static func hash(_ bytes: UnsafeBufferPointer<UInt8>, seed: UInt64 = 2) -> Int {
        let bytes = UnsafeRawBufferPointer(bytes)
        var hash = seed
        var index = 0
        while index + 8 <= bytes.count {
            hash =
                (hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 32
            index += 8
        }
        var rest: UInt64 = 0
        while index < bytes.count {
            rest = rest << 8 | UInt64(bytes[index])
            index += 1
        }
        hash = (hash ^ rest) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: hash >> 40)
    }
}
