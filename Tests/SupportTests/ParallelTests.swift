import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Support

@Suite struct ParallelTests {
    /// How often each index was visited.
    private func visits(_ count: Int, _ loop: ((Int) -> Void) -> Void) -> [Int] {
        let counters = UnsafeMutableBufferPointer<Int>.allocate(capacity: count)
        counters.initialize(repeating: 0)
        defer { counters.deallocate() }
        // Each index has a counter of its own: two visits at once would be a fault in itself.
        loop { counters[$0] += 1 }
        return Array(counters)
    }

    @Test(arguments: [0, 1, 2, 3, 100, 10_000])
    func everyIndexOnce(count: Int) {
        let seen = visits(count) { Parallel.forEach(count: count, $0) }
        #expect(seen == Array(repeating: 1, count: count))
    }

    @Test(arguments: [(0, 5), (1, 5), (5, 5), (6, 5), (1_000, 7), (64, 64)])
    func rangesCoverEverythingOnce(count: Int, grain: Int) {
        let seen = visits(count) { visit in
            Parallel.forRanges(of: count, grain: grain) { range in
                #expect(range.count <= grain && range.lowerBound % grain == 0)
                range.forEach(visit)
            }
        }
        #expect(seen == Array(repeating: 1, count: count))
    }

    @Test func loopsWithinLoops() {
        let seen = visits(400) { visit in
            Parallel.forEach(count: 20) { outer in
                Parallel.forEach(count: 20) { inner in visit(outer * 20 + inner) }
            }
        }
        #expect(seen == Array(repeating: 1, count: 400))
    }

    /// Thousands of short loops from several threads at once: a worker that wakes late must not touch an old loop.
    @Test func manyCallersAtOnce() async {
        await withTaskGroup(of: Bool.self) { group in
            for caller in 0..<4 {
                group.addTask {
                    (0..<3_000).allSatisfy { round in
                        let count = (round + caller) % 9
                        let total = Atomic(0)
                        Parallel.forEach(count: count) { total.add($0 + 1, ordering: .relaxed) }
                        return total.load(ordering: .relaxed) == count * (count + 1) / 2
                    }
                }
            }
            for await sound in group { #expect(sound) }
        }
    }

    /// A parked worker wakes for the next loop. Other tests may hold the pool, so it is tried again for a while.
    @Test(.enabled(if: hasTwoThreads)) func twoThreadsTakePart() {
        let threads = Mutex(Set<UInt>())
        let deadline = ContinuousClock.now + .seconds(20)
        while threads.withLock({ $0.count }) < 2, ContinuousClock.now < deadline {
            Thread.sleep(forTimeInterval: 0.01)
            withThreads(2) {
                Parallel.forEach(count: 8) { _ in
                    threads.withLock { _ = $0.insert(UInt(pthread_self())) }
                    Thread.sleep(forTimeInterval: 0.002)
                }
            }
        }
        #expect(threads.withLock { $0.count } >= 2)
    }

    @Test func oneThreadIsTheCaller() {
        withThreads(1) {
            let caller = pthread_self()
            Parallel.forEach(count: 100) { _ in #expect(pthread_self() == caller) }
        }
    }

    @Test func threadsStayInRange() {
        withThreads(0) { #expect(Parallel.threads == 1) }
        withThreads(1_000_000) {
            #expect((1...ProcessInfo.processInfo.processorCount).contains(Parallel.threads))
        }
    }
}
