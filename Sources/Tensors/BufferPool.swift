import Foundation
import Support
import Synchronization

/// Owns one pooled buffer of Float32; gives it back when the last tensor that uses it goes.
final class Storage: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Float>
    let capacity: Int

    init(count: Int) {
        (pointer, capacity) = BufferPool.shared.take(capacity: BufferPool.capacity(for: count))
    }

    deinit { BufferPool.shared.giveBack(pointer, capacity: capacity) }
}

/// Buffers kept for reuse, so that after the first step training maps no new memory: fresh pages cost more than
/// the arithmetic on them.
public final class BufferPool: Sendable {
    /// The pool of this process.
    public static let shared = BufferPool()

    private struct State {
        var free: [Int: [UInt]] = [:]
        var freeBytes = 0
        /// Of all buffers, free and in use.
        var mappedBytes = 0
        var allocations = 0
    }

    private let state = Mutex(State())

    /// Buffers mapped so far; training maps none after its first step.
    var allocations: Int { state.withLock { $0.allocations } }

    /// Buffers of 2 MiB and more are aligned to and advised as huge pages: fewer page faults and TLB misses.
    private static let hugePage = 2 << 20

    /// Smallest request, in values, that may be served by a larger free buffer; below it the search costs more than the memory.
    private static let leastBorrowed = 1 << 14

    /// Rounds up in steps of an eighth, so that batches of slightly different sizes share buffers.
    static func capacity(for count: Int) -> Int {
        guard count > 64 else { return 64 }
        let step = max(64, (1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)) / 8)
        return (count + step - 1) / step * step
    }

    /// The capacities above one, up to twice its size.
    private static func larger(than capacity: Int) -> some Sequence<Int> {
        sequence(first: self.capacity(for: capacity + 1)) { self.capacity(for: $0 + 1) }
            .prefix { $0 <= 2 * capacity }
    }

    /// A free buffer of this capacity, else of the next larger one there is: batches whose sizes vary would otherwise map
    /// buffers of every size that comes. Else a new one.
    ///
    /// - Returns: the buffer and its capacity
    func take(capacity: Int) -> (UnsafeMutablePointer<Float>, capacity: Int) {
        let reused: (address: UInt, capacity: Int)? = state.withLock { state in
            var found = state.free[capacity]?.popLast().map { (address: $0, capacity: capacity) }
            if found == nil, capacity >= Self.leastBorrowed {
                for larger in Self.larger(than: capacity) {
                    if let address = state.free[larger]?.popLast() {
                        found = (address, larger)
                        break
                    }
                }
            }
            if let found {
                state.freeBytes -= found.capacity * 4
            } else {
                state.allocations += 1
                state.mappedBytes += capacity * 4
            }
            return found
        }
        if let reused { return (UnsafeMutablePointer(bitPattern: reused.address)!, reused.capacity) }
        return (allocate(capacity: capacity), capacity)
    }

    func giveBack(_ pointer: UnsafeMutablePointer<Float>, capacity: Int) {
        let address = UInt(bitPattern: pointer)
        state.withLock { state in
            state.free[capacity, default: []].append(address)
            state.freeBytes += capacity * 4
        }
    }

    /// Frees every buffer that no tensor uses, between stages of different shapes.
    public func trim() {
        let addresses = state.withLock { state in
            defer {
                state.free = [:]
                state.mappedBytes -= state.freeBytes
                state.freeBytes = 0
            }
            return state.free.values.flatMap { $0 }
        }
        for address in addresses { free(UnsafeMutableRawPointer(bitPattern: address)) }
    }

    /// A buffer that cannot be had ends the process with a message, as does one with which all buffers would exceed the
    /// machine's memory: the kernel grants it, and kills the process once it is filled.
    private func allocate(capacity: Int) -> UnsafeMutablePointer<Float> {
        let bytes = capacity * 4
        let huge = bytes >= Self.hugePage
        func isTooMuch() -> Bool { huge && state.withLock { $0.mappedBytes } > MemoryLimit.resident.bytes }
        var raw: UnsafeMutableRawPointer?
        // What is free is given back first.
        for attempt in 0..<2 where raw == nil {
            if attempt > 0 || isTooMuch() { trim() }
            guard !isTooMuch() else { continue }
            if posix_memalign(&raw, huge ? Self.hugePage : 64, bytes) != 0 { raw = nil }
        }
        guard let raw else { MemoryLimit.exhausted(bytes, for: "a tensor") }
        if huge { madvise(raw, bytes, MADV_HUGEPAGE) }
        return raw.bindMemory(to: Float.self, capacity: capacity)
    }
}
