/// Finds, for the keys of a band, the records that have them: an open-addressing table for each band, 8 bytes a slot.
///
/// A bucket holds at most `bucketSize` records: in a corpus of records that all agree in a band, comparing each with all others would take
/// the square of their number. Records beyond it are still in the tables of other bands.
struct BandIndex {
    /// The most records under one key of a band.
    static let bucketSize = 64

    private var tables: [Table]
    /// Buckets that have turned a record away.
    private(set) var fullBuckets = 0

    init(bands: Int) { tables = (0..<bands).map { _ in Table() } }

    /// Calls `body` with the records that have one of the keys, once for each key that they share.
    func forEachCandidate(of keys: [UInt32], _ body: (UInt32) -> Void) {
        for band in keys.indices { tables[band].forEach(keys[band], body) }
    }

    /// Adds a record under its keys.
    mutating func insert(_ record: UInt32, keys: [UInt32]) {
        for band in keys.indices where !tables[band].insert(record, key: keys[band]) { fullBuckets += 1 }
    }

    private struct Table {
        /// Key in the high half, record + 1 in the low one; 0 is free.
        private var slots = [UInt64](repeating: 0, count: 64)
        private var count = 0

        /// Keys are hashes: their high bits give the place.
        private func place(_ key: UInt32) -> Int { Int((UInt64(key) &* UInt64(slots.count)) >> 32) }

        func forEach(_ key: UInt32, _ body: (UInt32) -> Void) {
            var index = place(key)
            while slots[index] != 0 {
                if UInt32(slots[index] >> 32) == key { body(UInt32(truncatingIfNeeded: slots[index]) - 1) }
                index = index + 1 == slots.count ? 0 : index + 1
            }
        }

        /// - Returns: false if the bucket is full
        mutating func insert(_ record: UInt32, key: UInt32) -> Bool {
            // Up to three quarters are filled; growth by half keeps half of them filled.
            if 4 * (count + 1) > 3 * slots.count { grow() }
            var (index, same) = (place(key), 0)
            while slots[index] != 0 {
                if UInt32(slots[index] >> 32) == key { same += 1 }
                if same == BandIndex.bucketSize { return false }
                index = index + 1 == slots.count ? 0 : index + 1
            }
            slots[index] = UInt64(key) << 32 | UInt64(record + 1)
            count += 1
            return true
        }

        private mutating func grow() {
            let old = slots
            slots = [UInt64](repeating: 0, count: old.count / 2 * 3)
            for slot in old where slot != 0 {
                var index = place(UInt32(slot >> 32))
                while slots[index] != 0 { index = index + 1 == slots.count ? 0 : index + 1 }
                slots[index] = slot
            }
        }
    }
}
