import Foundation
import Support

/// MinHash signatures (Broder 1997), cut into bands for locality-sensitive hashing (Indyk and Motwani 1998).
///
/// For a random order of all shingles, two sets have the same first one with probability equal to their Jaccard similarity s. A band
/// is `rows` such values; with `bands` of them, two sets agree in at least one band with probability 1 − (1 − s^rows)^bands.
struct MinHash: Sendable {
    let bands: Int
    let rows: Int
    /// Factor and addend of each order: shingle hashes h are ordered by (factor · h + addend) mod 2⁶⁴, a permutation since the factor is odd.
    private let orders: [(factor: UInt64, addend: UInt64)]

    /// The least probability that a pair at the threshold agrees in a band.
    static let leastRecall = 0.99

    /// Bands of as many rows as keep the probability at the threshold at `leastRecall`: the more rows, the fewer pairs below it agree.
    ///
    /// - Parameters:
    ///   - threshold: the similarity from which pairs are to be found
    ///   - values: the most values of a signature, bands × rows
    init(threshold: Double, values: Int) {
        var best = (bands: values, rows: 1)
        for rows in 1...values {
            let bands = values / rows
            guard Self.probability(threshold, bands: bands, rows: rows) >= Self.leastRecall else { break }
            best = (bands, rows)
        }
        // As few bands as do: memory is proportional to them.
        while best.bands > 1,
            Self.probability(threshold, bands: best.bands - 1, rows: best.rows) >= Self.leastRecall
        {
            best.bands -= 1
        }
        (bands, rows) = best
        var stream = RandomStream(seed: 0, purpose: "minhash")
        orders = (0..<bands * rows).map { _ in (stream.next() | 1, stream.next()) }
    }

    /// The probability that a pair of similarity s agrees in a band.
    static func probability(_ similarity: Double, bands: Int, rows: Int) -> Double {
        1 - pow(1 - pow(similarity, Double(rows)), Double(bands))
    }

    /// A 32-bit key for each band of a set that is not empty.
    func keys(of set: ShingleSet) -> [UInt32] {
        precondition(!set.hashes.isEmpty, "an empty set has no first shingle")
        return set.hashes.withUnsafeBufferPointer { hashes in
            (0..<bands).map { band in
                var key = UInt64(band)
                for row in 0..<rows {
                    let order = orders[band * rows + row]
                    var least = UInt64.max
                    for hash in hashes { least = min(least, order.factor &* hash &+ order.addend) }
                    // The low bits of a linear order are weak; the high ones decide which shingle is first.
                    key = WordHash.mixed(key ^ least >> 24)
                }
                return UInt32(truncatingIfNeeded: key)
            }
        }
    }
}
