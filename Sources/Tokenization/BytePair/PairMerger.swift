/// Merges the ids of one word in place, the pair of lowest rank first; of equal ones the left.
enum PairMerger {
    /// Up to so many ids, looking through all pairs is faster than a heap.
    private static let shortWord = 48

    /// - Parameter ids: The word; afterwards its pieces are at the beginning.
    /// - Returns: How many pieces it has.
    @inline(__always)
    static func merge(_ ids: UnsafeMutableBufferPointer<Int32>, _ merges: MergeTable.View) -> Int {
        if ids.count < 2 { return ids.count }
        return ids.count <= shortWord ? mergeShort(ids, merges) : merge(ids, merges) { _ in false }
    }

    private static func mergeShort(
        _ ids: UnsafeMutableBufferPointer<Int32>, _ merges: MergeTable.View
    ) -> Int {
        withUnsafeTemporaryAllocation(of: MergeTable.Merge.self, capacity: shortWord) { pairs in
            let (length, ids, pairs) = (ids.count, ids.baseAddress!, pairs.baseAddress!)
            var count = length
            for index in 0..<count - 1 { pairs[index] = merges.merge(ids[index], ids[index + 1]) }
            while count > 1 {
                var (best, rank) = (0, pairs[0].rank)
                for index in 1..<max(count - 1, 1) where pairs[index].rank < rank {
                    (best, rank) = (index, pairs[index].rank)
                }
                if rank == .max { break }
                ids[best] = pairs[best].piece
                count -= 1
                // What is behind the pair moves up by one.
                for index in best + 1..<max(count, best + 1) {
                    ids[index] = ids[index + 1]
                    pairs[index] = pairs[index + 1]
                }
                if best > 0 { pairs[best - 1] = merges.merge(ids[best - 1], ids[best]) }
                if best + 1 < count { pairs[best] = merges.merge(ids[best], ids[best + 1]) }
            }
            return count
        }
    }

    /// - Parameter isDropped: Asked at each merge whether to leave it out (BPE dropout); receives the piece that it makes.
    static func merge(
        _ ids: UnsafeMutableBufferPointer<Int32>, _ merges: MergeTable.View,
        isDropped: (_ piece: Int32) -> Bool
    ) -> Int {
        if ids.count < 2 { return ids.count }
        /// The places before and behind; -1 for none. A merged place has the id -1.
        struct Links { var previous, next: Int32 }
        return withUnsafeTemporaryAllocation(of: Links.self, capacity: ids.count) { links in
            // Fewer pairs than ids at first, and each merge takes one and brings at most two.
            withUnsafeTemporaryAllocation(of: PairHeap.Entry.self, capacity: 3 * ids.count) { entries in
                var heap = PairHeap(entries)
                func consider(_ left: Int, _ right: Int32) {
                    guard left >= 0, right >= 0 else { return }
                    let merge = merges.merge(ids[left], ids[Int(right)])
                    if merge.rank < .max { heap.push(rank: merge.rank, place: left, piece: merge.piece) }
                }
                for index in 0..<ids.count {
                    links.initializeElement(
                        at: index,
                        to: Links(
                            previous: Int32(index - 1),
                            next: index + 1 < ids.count ? Int32(index + 1) : -1))
                }
                for index in 0..<ids.count - 1 { consider(index, Int32(index + 1)) }
                while let (place, rank, piece) = heap.pop() {
                    guard ids[place] >= 0, case let right = Int(links[place].next), right >= 0 else {
                        continue
                    }
                    // Stale if either half has changed since.
                    let merge = merges.merge(ids[place], ids[right])
                    guard merge.rank == rank, merge.piece == piece else { continue }
                    if isDropped(piece) { continue }
                    ids[place] = piece
                    ids[right] = -1
                    links[place].next = links[right].next
                    if links[right].next >= 0 { links[Int(links[right].next)].previous = Int32(place) }
                    consider(Int(links[place].previous), Int32(place))
                    consider(place, links[place].next)
                }
                var count = 0
                for id in ids where id >= 0 {
                    ids[count] = id
                    count += 1
                }
                return count
            }
        }
    }
}

/// A binary heap of pairs, the first to merge on top.
struct PairHeap {
    struct Entry {
        /// Rank (32 bits), place (32 bits): the order of merges.
        var key: UInt64
        var piece: Int32
    }

    private let entries: UnsafeMutableBufferPointer<Entry>
    private var count = 0

    init(_ entries: UnsafeMutableBufferPointer<Entry>) { self.entries = entries }

    mutating func push(rank: Int32, place: Int, piece: Int32) {
        let entry = Entry(key: UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(place), piece: piece)
        var hole = count
        count += 1
        while hole > 0, case let parent = (hole - 1) / 2, entry.key < entries[parent].key {
            entries[hole] = entries[parent]
            hole = parent
        }
        entries[hole] = entry
    }

    mutating func pop() -> (place: Int, rank: Int32, piece: Int32)? {
        guard count > 0 else { return nil }
        let top = entries[0]
        count -= 1
        let last = entries[count]
        var hole = 0
        while case var child = 2 * hole + 1, child < count {
            if child + 1 < count, entries[child + 1].key < entries[child].key { child += 1 }
            guard entries[child].key < last.key else { break }
            entries[hole] = entries[child]
            hole = child
        }
        entries[hole] = last
        return (Int(top.key & 0xFFFF_FFFF), Int32(truncatingIfNeeded: top.key >> 32), top.piece)
    }
}
