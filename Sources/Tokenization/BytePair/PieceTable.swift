import Foundation

/// The spellings of a vocabulary, and their ids.
struct PieceTable: Sendable {
    /// Piece `i` takes `bytes[bounds[i]..<bounds[i + 1]]`. An id that nothing spells has no bytes.
    private(set) var bytes: [UInt8] = []
    private(set) var bounds: [Int] = [0]
    /// By the hash of a spelling (open addressing): the hash (32 bits) and the id (32 bits), or `free`.
    private var slots: [UInt64] = []
    private static let free = UInt64.max

    /// Two ids with one spelling.
    struct Duplicate: Error { let first, second: Int32 }

    /// - Parameters:
    ///   - bytes: The spellings of all pieces, one after another.
    ///   - bounds: Where each begins, and the end.
    init(bytes: [UInt8], bounds: [Int]) throws(Duplicate) {
        self.bytes = bytes
        self.bounds = bounds
        try index()
    }

    /// Adds a piece behind the others.
    mutating func append(_ spelling: String) throws(Duplicate) {
        bytes += spelling.utf8
        bounds.append(bytes.count)
        // At most half full, so that searches stay short.
        if 2 * bounds.count > slots.count { try index() } else { try insert(Int32(count - 1)) }
    }

    private mutating func index() throws(Duplicate) {
        var size = 16
        while size < 2 * bounds.count { size *= 2 }
        slots = Array(repeating: Self.free, count: size)
        for id in 0..<Int32(count) where !isEmpty(id) { try insert(id) }
    }

    private mutating func insert(_ id: Int32) throws(Duplicate) {
        let (slot, other) = find(bytes[bounds[Int(id)]..<bounds[Int(id) + 1]])
        if other >= 0 { throw Duplicate(first: other, second: id) }
        let hash = bytes[bounds[Int(id)]..<bounds[Int(id) + 1]].withUnsafeBufferPointer { ByteHash.hash($0) }
        slots[slot] = Self.tag(hash) << 32 | UInt64(UInt32(bitPattern: id))
    }

    /// The number of ids.
    var count: Int { bounds.count - 1 }

    func isEmpty(_ id: Int32) -> Bool { bounds[Int(id)] == bounds[Int(id) + 1] }

    func spelling(_ id: Int32) -> String { String(decoding: self[id], as: UTF8.self) }

    subscript(id: Int32) -> ArraySlice<UInt8> { bytes[bounds[Int(id)]..<bounds[Int(id) + 1]] }

    /// The piece with exactly these bytes.
    func id(of spelling: String) -> Int32? {
        var spelling = spelling
        return spelling.withUTF8 { id(of: $0) }
    }

    /// The piece with exactly these bytes.
    func id(of spelling: UnsafeBufferPointer<UInt8>) -> Int32? {
        guard !spelling.isEmpty else { return nil }
        let id = find(spelling).id
        return id >= 0 ? id : nil
    }

    private func find(_ spelling: ArraySlice<UInt8>) -> (slot: Int, id: Int32) {
        spelling.withUnsafeBufferPointer { find($0) }
    }

    /// The slot of a spelling and the id there, or a free slot and -1.
    private func find(_ spelling: UnsafeBufferPointer<UInt8>) -> (slot: Int, id: Int32) {
        let hash = ByteHash.hash(spelling)
        let (mask, tag) = (slots.count - 1, Self.tag(hash))
        return slots.withUnsafeBufferPointer { slots in
            var slot = hash & mask
            while true {
                let entry = slots[slot]
                if entry == Self.free { return (slot, -1) }
                // Spellings lie all over memory: they are compared only where the hashes are equal.
                if entry >> 32 == tag, case let id = Int32(truncatingIfNeeded: entry), isSpelled(id, spelling)
                {
                    return (slot, id)
                }
                slot = (slot + 1) & mask
            }
        }
    }

    private static func tag(_ hash: Int) -> UInt64 { UInt64(truncatingIfNeeded: hash & 0xFF_FFFF) }

    private func isSpelled(_ id: Int32, _ spelling: UnsafeBufferPointer<UInt8>) -> Bool {
        let (start, count) = (bounds[Int(id)], bounds[Int(id) + 1] - bounds[Int(id)])
        guard count == spelling.count, let other = spelling.baseAddress else { return false }
        return bytes.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { memcmp($0 + start, other, count) == 0 } ?? false
        }
    }
}
