/// The merges of a vocabulary: which pairs of pieces become one, and in which order.
struct MergeTable: Sendable {
    /// What a pair becomes. Low ranks merge first.
    struct Merge { var rank, piece: Int32 }

    /// Left id (32 bits), right id (32 bits); `free` for none. Open addressing.
    private var keys: [UInt64]
    private var values: [Merge]
    private let mask: Int
    static let free = UInt64.max

    /// Room for so many merges.
    init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        keys = Array(repeating: Self.free, count: size)
        values = Array(repeating: Merge(rank: 0, piece: 0), count: size)
        mask = size - 1
    }

    /// Sets what a pair becomes; one that is there already is replaced, as `tokenizers` does.
    mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
        let key = Self.key(left, right)
        var slot = Self.slot(of: key) & mask
        while keys[slot] != Self.free, keys[slot] != key { slot = (slot + 1) & mask }
        keys[slot] = key
        values[slot] = merge
    }

    @inline(__always)
    static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private static func slot(of key: UInt64) -> Int {
        let hash = (key ^ key >> 29) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: hash >> 36)
    }

    /// The table for hot loops.
    @inline(__always)
    func withUnsafe<R>(_ body: (View) throws -> R) rethrows -> R {
        try keys.withUnsafeBufferPointer { keys in
            try values.withUnsafeBufferPointer { values in
                try body(View(keys: keys.baseAddress!, values: values.baseAddress!, mask: mask))
            }
        }
    }

    struct View {
        let keys: UnsafePointer<UInt64>
        let values: UnsafePointer<Merge>
        let mask: Int

        /// What a pair becomes; rank `Int32.max` for nothing.
        @inline(__always)
        func merge(_ left: Int32, _ right: Int32) -> Merge {
            let key = MergeTable.key(left, right)
            var slot = MergeTable.slot(of: key) & mask
            while true {
                let found = keys[slot]
                if found == key { return values[slot] }
                if found == MergeTable.free { return Merge(rank: .max, piece: -1) }
                slot = (slot + 1) & mask
            }
        }
    }

    /// Calls `body` with each merge, in no order.
    func forEach(_ body: (_ left: Int32, _ right: Int32, _ piece: Int32) -> Void) {
        for slot in keys.indices where keys[slot] != Self.free {
            body(
                Int32(truncatingIfNeeded: keys[slot] >> 32), Int32(truncatingIfNeeded: keys[slot]),
                values[slot].piece)
        }
    }

    /// All merges, in the order of their ranks.
    var sorted: [(left: Int32, right: Int32, merge: Merge)] {
        keys.indices.filter { keys[$0] != Self.free }.map { slot in
            (
                Int32(truncatingIfNeeded: keys[slot] >> 32), Int32(truncatingIfNeeded: keys[slot]),
                values[slot]
            )
        }.sorted { $0.merge.rank < $1.merge.rank }
    }
}
