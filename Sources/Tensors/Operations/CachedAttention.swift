import Foundation
import Support

// N rows (new positions of any slots), H query heads, K key-value heads, D head dimension.

/// Where a row of a cached forward pass belongs: a slot of the cache and a position in its sequence.
public struct CachePlace: Equatable, Sendable {
    public let slot: Int
    public let position: Int

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
    public let slots: Int
    /// Positions a slot can hold.
    public let capacity: Int
    public let shape: AttentionShape
    /// [slots, capacity, 2, K·D]: a position's keys, then its values.
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
                remedy: "generate fewer sequences at once or shorter ones", status: .unavailable)
        }
        pointer = mapped.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    }

    deinit { munmap(pointer, bytes) }

    /// Floats from one position of a slot to the next.
    var stride: Int { 2 * shape.keyValueWidth }

    func keys(_ place: CachePlace) -> UnsafeMutablePointer<Float> {
        pointer + (place.slot * capacity + place.position) * stride
    }

    /// Copies the first `count` positions of one slot over those of another.
    public func copy(_ count: Int, from source: Int, to target: Int) {
        keys(CachePlace(slot: target, position: 0)).update(
            from: keys(CachePlace(slot: source, position: 0)), count: count * stride)
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
public func cachedAttention(_ queryKeyValue: Tensor, places: [CachePlace], cache: AttentionCache) -> Tensor {
    let shape = cache.shape
    precondition(
        queryKeyValue.width == shape.fusedWidth && queryKeyValue.rows == places.count,
        "cached attention takes a place for each of its \(queryKeyValue.rows) rows")
    precondition(
        places.allSatisfy { 0..<cache.slots ~= $0.slot && 0..<cache.capacity ~= $0.position },
        "a place lies outside \(cache.slots) slots of \(cache.capacity) positions")
    for (row, place) in places.enumerated() {
        cache.keys(place).update(
            from: queryKeyValue.pointer + row * shape.fusedWidth + shape.queryWidth, count: cache.stride)
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
    row: Int, keyValueHead: Int, _ queryKeyValue: Tensor, _ place: CachePlace, _ cache: AttentionCache,
    _ output: Tensor
) {
    let (shape, visible) = (cache.shape, place.position + 1)
    let d = shape.dimension
    let keys = cache.keys(CachePlace(slot: place.slot, position: 0)) + keyValueHead * d
    withUnsafeTemporaryAllocation(of: Float.self, capacity: visible) { scores in
        for head in keyValueHead * shape.group..<(keyValueHead + 1) * shape.group {
            kernels.attend_one(
                queryKeyValue.pointer + row * shape.fusedWidth + head * d, keys, keys + shape.keyValueWidth,
                output.pointer + row * shape.queryWidth + head * d, scores.baseAddress, visible, d,
                cache.stride,
                shape.scale)
        }
    }
}
