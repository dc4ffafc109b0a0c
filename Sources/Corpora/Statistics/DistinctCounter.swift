import Foundation

/// Estimates the number of different hashes with a standard error of 0.8%, in 16 KiB (HyperLogLog; Flajolet et al. 2007), and by
/// linear counting while there are few.
struct DistinctCounter {
    private static let bits = 14
    /// For each register the most leading zeros of its hashes, plus one.
    private var registers = [UInt8](repeating: 0, count: 1 << bits)

    /// - Parameter hash: every bit of which is uniform, as those of `WordHash`
    mutating func add(_ hash: UInt64) {
        let register = Int(hash >> (64 - Self.bits))
        let rank = UInt8(((hash << Self.bits) | 1).leadingZeroBitCount + 1)
        if rank > registers[register] { registers[register] = rank }
    }

    var estimate: Int {
        let count = Double(registers.count)
        let sum = registers.reduce(0.0) { $0 + exp2(-Double($1)) }
        let raw = 0.7213 / (1 + 1.079 / count) * count * count / sum
        let empty = registers.count { $0 == 0 }
        guard raw <= 2.5 * count, empty > 0 else { return Int(raw.rounded()) }
        return Int((count * log(count / Double(empty))).rounded())
    }
}
