import Foundation
import Support

// N rows (new positions of any slots), H query heads, K key-value heads, D head dimension.

/// Where a row of a cached forward pass belongs: a slot of the cache and a position in its sequence.
public struct CachePosition: Equatable, Sendable {
    /// The slot of the cache.
    public let slot: Int
    /// The position in the slot's sequence, from 0.
    public let position: Int

    /// A place in the cache.
    public init(slot: Int, position: Int) {
        self.slot = slot
        self.position = position
    }
}

/// Keys and values of one layer for several sequences.
///
/// The memory is reserved at once and backed by pages as positions are written, so that long limits cost nothing
/// while sequences are short.
public final class AttentionCache: @unchecked Sendable {
    /// Sequences that the cache can hold.
    public let slots: Int
    /// Positions a slot can hold.
    public let capacity: Int
    /// The extents of heads.
    public let shape: AttentionShape
    /// [slots, K, 2, capacity, D]: what one query reads is contiguous, which memory gives about twice as fast.
    private let pointer: UnsafeMutablePointer<Float>
    private let bytes: Int

    /// - Throws: `UserError` when the system does not give so much address space.
    public init(slots: Int, capacity: Int, shape: AttentionShape) throws {
        precondition(slots > 0 && capacity > 0, "a cache holds at least one position of one sequence")
        self.slots = slots
        self.capacity = capacity
        self.shape = shape
        bytes = slots * capacity * 2 * shape.keyValueWidth * MemoryLayout<Float>.stride
        let mapped = mmap(
            nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw UserError(
                "no memory for the keys and values of \(slots) sequences of \(capacity) tokens",
                hint: "generate fewer sequences at once or shorter ones", status: .unavailable)
        }
        pointer = mapped.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    }

    deinit { munmap(pointer, bytes) }

    /// Keys of a head, [capacity, D]; its values follow, `headStride` further.
    func keys(slot: Int, head: Int) -> UnsafeMutablePointer<Float> {
        pointer + (slot * shape.keyValueHeads + head) * 2 * headStride
    }

    var headStride: Int { capacity * shape.dimension }

    /// Copies the first `count` positions of one slot over those of another.
    public func copy(_ count: Int, from source: Int, to target: Int) {
        precondition(count <= capacity && max(source, target) < slots, "a copy lies outside the cache")
        for head in 0..<shape.keyValueHeads {
            for offset in [0, headStride] {
                (keys(slot: target, head: head) + offset).update(
                    from: keys(slot: source, head: head) + offset, count: count * shape.dimension)
            }
        }
    }

    /// Stores a row's keys and values, [2, K, D].
    fileprivate func store(_ row: UnsafePointer<Float>, at place: CachePosition) {
        let d = shape.dimension
        for head in 0..<shape.keyValueHeads {
            let target = keys(slot: place.slot, head: head) + place.position * d
            target.update(from: row + head * d, count: d)
            (target + headStride).update(from: row + shape.keyValueWidth + head * d, count: d)
        }
    }
}

/// Adds rows' keys and values to the cache, then lets each row's queries look at its own slot up to itself.
///
/// The bits of an output row depend on what its slot holds alone.
///
/// - Parameters:
///   - queryKeyValue: [N, (H + 2K)·D], turned by rotary embedding
///   - places: N places, the positions of a slot rising without gaps from what it holds already
/// - Returns: [N, H·D]
public func cachedAttention(_ queryKeyValue: Tensor, places: [CachePosition], cache: AttentionCache) -> Tensor
{
    let shape = cache.shape
    precondition(
        queryKeyValue.width == shape.fusedWidth && queryKeyValue.rows == places.count,
        "cached attention takes a place for each of its \(queryKeyValue.rows) rows")
    precondition(
        places.allSatisfy { 0..<cache.slots ~= $0.slot && 0..<cache.capacity ~= $0.position },
        "a place lies outside \(cache.slots) slots of \(cache.capacity) positions")
    for (row, place) in places.enumerated() {
        cache.store(queryKeyValue.pointer + row * shape.fusedWidth + shape.queryWidth, at: place)
    }
    let output = Tensor(shape: [places.count, shape.queryWidth])
    Parallel.forEach(count: places.count * shape.keyValueHeads) { task in
        let (row, keyValueHead) = (task / shape.keyValueHeads, task % shape.keyValueHeads)
        attend(row: row, keyValueHead: keyValueHead, queryKeyValue, places[row], cache, output)
    }
    return output
}

/// All query heads of one row that share a key-value head.
private func attend(
    row: Int, keyValueHead: Int, _ queryKeyValue: Tensor, _ place: CachePosition, _ cache: AttentionCache,
    _ output: Tensor
) {
    let shape = cache.shape
    let d = shape.dimension
    let first = shape.firstKey(visible: place.position + 1)
    let visible = place.position + 1 - first
    let keys = cache.keys(slot: place.slot, head: keyValueHead) + first * d
    withUnsafeTemporaryAllocation(of: Float.self, capacity: visible) { scores in
        for head in keyValueHead * shape.group..<(keyValueHead + 1) * shape.group {
            kernels.attend_one(
                queryKeyValue.pointer + row * shape.fusedWidth + head * d, keys, keys + cache.headStride,
                output.pointer + row * shape.queryWidth + head * d, scores.baseAddress, visible, d, d,
                shape.scale, shape.softCap ?? 0)
        }
    }
}
