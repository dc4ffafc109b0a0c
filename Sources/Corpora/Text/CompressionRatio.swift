/// How far a text can be compressed: its bits over those of a greedy LZ77 parsing (Ziv and Lempel 1977) of its UTF-8.
///
/// At each byte the longest match of at least 4 bytes is taken among the 16 latest places where the same 4 bytes were; without one, the
/// byte itself. A byte costs 9 bits (one says that it is no match), a match at a distance d of length l costs
/// 1 + ⌈log₂ d⌉ + 2⌊log₂ l⌋ + 1 bits (Elias's gamma code for the length). A page of plain English has 1.1 to 1.6, a sentence that is
/// repeated 20 times above 10. The ratio of zlib, which also codes bytes by their frequency, is higher for plain text.
///
/// - Complexity: O(bytes), 24 bytes of memory for each
enum CompressionRatio {
    private static let shortest = 4
    private static let chain = 16
    /// Buckets of 4-byte prefixes: as many as bytes, up to this.
    private static let mostBuckets = 1 << 16

    /// The ratio; 1 for an empty text.
    static func of(_ text: String) -> Double {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return 1 }
        return Double(8 * bytes.count) / Double(bytes.withUnsafeBufferPointer { bits(of: $0) })
    }

    private static func bits(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var latest = [Int32](repeating: -1, count: mostBuckets)
        // For each place, the one before it in the same bucket.
        var earlier = [Int32](repeating: -1, count: bytes.count)
        func bucket(_ place: Int) -> Int {
            let prefix = (0..<shortest).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[place + $1]) }
            return Int((prefix &* 0x9E37_79B1) >> 16)
        }
        var (bits, place) = (0, 0)
        while place < bytes.count {
            var best = (length: 0, distance: 0)
            if place + shortest <= bytes.count {
                var candidate = Int(latest[bucket(place)])
                for _ in 0..<chain where candidate >= 0 {
                    var length = 0
                    while place + length < bytes.count, bytes[candidate + length] == bytes[place + length] {
                        length += 1
                    }
                    if length > best.length { best = (length, place - candidate) }
                    candidate = Int(earlier[candidate])
                }
            }
            let isMatch = best.length >= shortest
            bits += isMatch ? 2 + ceilingLog(best.distance) + 2 * floorLog(best.length) : 9
            let end = place + (isMatch ? best.length : 1)
            while place < end {
                if place + shortest <= bytes.count {
                    let bucket = bucket(place)
                    earlier[place] = latest[bucket]
                    latest[bucket] = Int32(place)
                }
                place += 1
            }
        }
        return bits
    }

    private static func floorLog(_ value: Int) -> Int { Int.bitWidth - 1 - value.leadingZeroBitCount }
    private static func ceilingLog(_ value: Int) -> Int { value > 1 ? floorLog(value - 1) + 1 : 0 }
}
