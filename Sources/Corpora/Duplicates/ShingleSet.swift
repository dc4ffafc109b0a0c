/// What a text is compared by: the set of its shingles, runs of words or characters (Broder 1997, "On the resemblance and containment of
/// documents").
///
/// A text shorter than a shingle is one shingle, so that short texts are near-duplicates only if they are equal. A text without words is the
/// empty set, which resembles nothing.
struct ShingleSet: Sendable {
    /// Sorted, without duplicates.
    let hashes: [UInt64]

    init(_ text: String, unit: ShingleUnit, size: Int) {
        let words = NormalizedWords(text)
        var hashes =
            unit == .words ? words.shingles(of: min(size, max(words.count, 1))) : Self.characters(words, size)
        hashes.sort()
        var count = 0
        for index in hashes.indices where index == 0 || hashes[index] != hashes[count - 1] {
            hashes[count] = hashes[index]
            count += 1
        }
        hashes.removeLast(hashes.count - count)
        self.hashes = hashes
    }

    /// Runs of characters of the words with single spaces between them.
    private static func characters(_ words: NormalizedWords, _ size: Int) -> [UInt64] {
        guard words.count > 0 else { return [] }
        // Where each character begins.
        let bytes = words.bytes.dropLast()
        var starts = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 }
        starts.append(bytes.endIndex)
        let size = min(size, starts.count - 1)
        return (0..<starts.count - size).map { start in
            var hash = WordHash()
            for byte in bytes[starts[start]..<starts[start + size]] { hash.add(byte) }
            return hash.value
        }
    }

    /// |A ∩ B| / |A ∪ B| of two sorted lists without duplicates.
    static func jaccard(_ a: [UInt32], _ b: [UInt32]) -> Double {
        var (i, j, common) = (0, 0, 0)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                while i < a.count, j < b.count {
                    let (x, y) = (a[i], b[j])
                    if x == y { common += 1 }
                    i += x <= y ? 1 : 0
                    j += y <= x ? 1 : 0
                }
            }
        }
        let union = a.count + b.count - common
        return union > 0 ? Double(common) / Double(union) : 0
    }
}

/// What a shingle consists of.
public enum ShingleUnit: String, CaseIterable, Codable, Sendable {
    /// Words, see `NormalizedWords`.
    case words
    /// Characters of the words, with a space between two of them.
    case characters
}
