import CKernels
import Foundation
import Synchronization

/// The process-wide thread pool.
///
/// Loops are split into indexed chunks of fixed size. Which thread runs a chunk never changes a result, so results are
/// bit-identical with any number of threads.
public enum Parallel {
    private static let pool = ThreadPool(workers: Int(distill_processors()) - 1)

    /// Threads that take part in a loop, the calling one included. Settable, between 1 and the processors
    /// this process may use; `DISTILL_THREADS` gives the value at start.
    public static var threads: Int {
        get { pool.limit.load(ordering: .relaxed) }
        set { pool.limit.store(min(max(newValue, 1), pool.workers + 1), ordering: .relaxed) }
    }

    /// The most threads a loop may have in this process. Work is split for this number, so that `threads` never changes the split.
    package static var capacity: Int { pool.workers + 1 }

    /// Runs `body` for every index below `count`, on several threads, and returns when all are done.
    ///
    /// A loop begun inside another one, or while another thread's loop is running, runs on its own thread.
    public static func forEach(count: Int, _ body: (Int) -> Void) {
        pool.run(count: count, body)
    }

    /// Splits `0 ..< count` into ranges of `grain` (the last may be shorter) and runs `body` on each.
    public static func forRanges(of count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        precondition(grain > 0, "a range needs at least one element")
        forEach(count: (count + grain - 1) / grain) { piece in
            body(piece * grain..<min((piece + 1) * grain, count))
        }
    }
}

/// Threads that spin briefly for the next loop, then park.
///
/// A loop is published in `ticket`: its generation in the high half and the next free index in the low half. A
/// worker takes an index by advancing the ticket, so a worker that wakes late finds the ticket closed and
/// never touches a loop that has ended.
private final class ThreadPool: Sendable {
    /// Low half of a ticket when no loop is running.
    private static let closed: UInt64 = 0xFFFF_FFFF
    /// Pauses before parking: long enough to bridge the serial code between two operations of a model.
    private static let pausesBeforeParking = 20_000

    let workers: Int
    let limit: Atomic<Int>
    private let ticket = Atomic<UInt64>(closed)
    private let body = Atomic<UInt>(0)
    private let count = Atomic<Int>(0)
    private let finished = Atomic<Int>(0)
    private let parked = Atomic<Int>(0)
    private let busy = Atomic<Bool>(false)
    private let condition = NSCondition()

    init(workers: Int) {
        self.workers = workers
        let wanted = ProcessInfo.processInfo.environment["DISTILL_THREADS"].flatMap(Int.init)
        limit = Atomic(min(max(wanted ?? workers + 1, 1), workers + 1))
        for index in 0..<workers {
            let thread = Thread { [self] in serve(index: index) }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    func run(count total: Int, _ work: (Int) -> Void) {
        guard total > 1, limit.load(ordering: .relaxed) > 1, workers > 0,
            busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        else {
            for index in 0..<total { work(index) }
            return
        }
        precondition(total < Int(Self.closed), "a loop has fewer than 2^32 - 1 pieces")
        withoutActuallyEscaping(work) { escapable in
            withUnsafePointer(to: escapable) { pointer in
                body.store(UInt(bitPattern: pointer), ordering: .relaxed)
                count.store(total, ordering: .relaxed)
                finished.store(0, ordering: .relaxed)
                let generation = (ticket.load(ordering: .relaxed) >> 32) &+ 1
                ticket.store(generation << 32, ordering: .sequentiallyConsistent)
                if parked.load(ordering: .sequentiallyConsistent) > 0 {
                    condition.lock()
                    condition.broadcast()
                    condition.unlock()
                }
                takePieces()
                while finished.load(ordering: .acquiring) < total { distill_pause() }
                ticket.store(generation << 32 | Self.closed, ordering: .releasing)
            }
        }
        busy.store(false, ordering: .releasing)
    }

    /// Runs pieces of the current loop until none is left.
    private func takePieces() {
        while true {
            let current = ticket.load(ordering: .acquiring)
            let index = current & Self.closed
            let total = count.load(ordering: .relaxed)
            let work = body.load(ordering: .relaxed)
            guard index != Self.closed, index < UInt64(total) else { return }
            // Success means that the loop read above is still the one running.
            guard
                ticket.compareExchange(
                    expected: current, desired: current + 1, ordering: .acquiringAndReleasing
                ).exchanged
            else { continue }
            UnsafePointer<(Int) -> Void>(bitPattern: work)!.pointee(Int(index))
            finished.add(1, ordering: .acquiringAndReleasing)
        }
    }

    private func serve(index: Int) {
        var seen: UInt64 = 0
        while true {
            var pauses = 0
            while !hasWork(after: seen) {
                pauses += 1
                if pauses < Self.pausesBeforeParking {
                    distill_pause()
                } else {
                    park(after: seen)
                    pauses = 0
                }
            }
            seen = ticket.load(ordering: .acquiring) >> 32
            if index + 1 < limit.load(ordering: .relaxed) { takePieces() }
        }
    }

    private func hasWork(after seen: UInt64) -> Bool {
        ticket.load(ordering: .sequentiallyConsistent) >> 32 != seen
    }

    private func park(after seen: UInt64) {
        condition.lock()
        parked.add(1, ordering: .sequentiallyConsistent)
        while !hasWork(after: seen) { condition.wait() }
        parked.subtract(1, ordering: .sequentiallyConsistent)
        condition.unlock()
    }
}
