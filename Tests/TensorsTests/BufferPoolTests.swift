import TestSupport
import Testing

@testable import Tensors

@Suite struct BufferPoolTests {
    @Test func capacitiesWasteLittle() {
        var last = 0
        for count in Array(0...5_000) + [65_535, 65_536, 65_537, 1_000_003, 123_456_789] {
            let capacity = BufferPool.capacity(for: count)
            #expect(capacity >= count && capacity >= last, "\(count)")
            #expect(capacity <= max(64, count + max(64, count / 8)), "\(count)")
            #expect(BufferPool.capacity(for: capacity) == capacity, "a capacity is its own capacity")
            last = capacity
        }
    }

    /// In a process of its own: the pool is shared with whatever tests run beside this one.
    @Test func buffersAreReused() async {
        await #expect(processExitsWith: .success) {
            func use() { for count in [10, 1_000, 1_000_000] { Tensor(shape: [count]).fill(1) } }
            use()
            let allocated = BufferPool.shared.allocations
            for _ in 0..<5 { use() }
            #expect(BufferPool.shared.allocations == allocated)
            // Nearly the same size: the same buffer.
            _ = Tensor(shape: [999_999])
            #expect(BufferPool.shared.allocations == allocated)
            BufferPool.shared.trim()
            use()
            #expect(BufferPool.shared.allocations == allocated + 3)
        }
    }

    /// Batches of varying sizes share the buffers of the largest.
    @Test func aLargerBufferServesASmallerTensor() async {
        await #expect(processExitsWith: .success) {
            _ = Tensor(shape: [1_000_000])
            let allocated = BufferPool.shared.allocations
            for count in [900_000, 600_000, 510_000, 1_000_000] { _ = Tensor(shape: [count]) }
            #expect(BufferPool.shared.allocations == allocated)
            // Less than half of it would waste more than it saves.
            _ = Tensor(shape: [400_000])
            #expect(BufferPool.shared.allocations == allocated + 1)
            // A borrowed buffer keeps its size.
            do {
                let borrower = Tensor(shape: [600_000])
                let other = Tensor(shape: [1_000_000])
                borrower.fill(1)
                other.fill(2)
                #expect(borrower.values.allSatisfy { $0 == 1 })
            }
            #expect(BufferPool.shared.allocations == allocated + 2)
            let both = [Tensor(shape: [1_000_000]), Tensor(shape: [1_000_000])]
            #expect(BufferPool.shared.allocations == allocated + 2 && both.count == 2)
        }
    }

    @Test func liveTensorsNeverShareABuffer() {
        let tensors = (0..<50).map { Tensor(shape: [100], values: Array(repeating: Float($0), count: 100)) }
        for (index, tensor) in tensors.enumerated() {
            #expect(tensor.values == Array(repeating: Float(index), count: 100))
        }
    }

    @Test func buffersAreAlignedForVectors() {
        for count in [1, 65, 1_000, 600_000] {
            #expect(UInt(bitPattern: Tensor(shape: [count]).pointer) % 64 == 0)
        }
    }
}
