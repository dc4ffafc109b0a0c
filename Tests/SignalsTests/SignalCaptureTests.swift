import Foundation
import MethodFixtures
import TestSupport
import Tensors
import Testing
import Transformer

@testable import Signals

@Suite struct SignalCaptureTests {
    private let teacher: DecoderModel
    private let batch = Small.batch(of: Small.documents(9))
    private let records: [UInt64] = (0..<9).map { 1_000 + $0 }

    init() throws { teacher = try Small.decoder() }

    private func capture(_ kind: SparseKind, temperature: Float = 1, seed: UInt64 = 1) -> [PositionEntries] {
        SignalCapture(kind: kind, temperature: temperature, seed: seed)
            .capture(teacher: teacher, batch: batch, records: records)
    }

    @Test(arguments: [1, 2] as [Float], [1, 5, 96, 97, 500])
    func topK(temperature: Float, k: Int) {
        let entries = capture(.topK(k: k), temperature: temperature)
        let logits = Small.logits(teacher, batch)
        #expect(entries.count == logits.count && !entries.isEmpty)
        for (entry, z) in zip(entries, logits) {
            let p = Reference.softmax(z, temperature: Double(temperature))
            let order = p.indices.sorted { p[$0] > p[$1] }
            let count = min(k, p.count)
            #expect(entry.ids == order[..<count].map(Int32.init))
            // Logits of size 10 from two products of another shape.
            expectClose(entry.probabilities, order[..<count].map { p[$0] }, relative: 2e-5)
            expectClose([entry.tail], [order[count...].reduce(0) { $0 + p[$1] }], relative: 2e-5)
        }
    }

    /// What a signal must satisfy whatever was drawn. With more draws than tokens all of the head is likely enough to be
    /// kept.
    @Test(arguments: [(0, 12), (0, 255), (4, 16), (96, 8), (97, 8), (97, 65_535)])
    func sampledKeepsItsPromises(head: Int, draws: Int) {
        let entries = capture(.sampled(head: head, draws: draws), temperature: 2)
        let exactHead = capture(.topK(k: head), temperature: 2)
        var signal = SparseSignal(kind: .sampled(head: head, draws: draws), temperature: 2)
        for (position, z) in Small.logits(teacher, batch).enumerated() {
            let entry = entries[position]
            let p = Reference.softmax(z, temperature: 2)
            let kept = exactHead[position].probabilities.prefix { $0 >= 1 / Float(draws) }
            #expect(entry.ids == Array(exactHead[position].ids.prefix(kept.count)))
            expectSameBits(entry.probabilities, Array(kept))
            #expect(Set(entry.ids).isDisjoint(with: entry.tailIDs))
            #expect(zip(entry.tailIDs, entry.tailIDs.dropFirst()).allSatisfy { $0 < $1 })
            #expect(entry.tailIDs.allSatisfy { (0..<97).contains($0) })
            #expect(entry.tailCounts.allSatisfy { $0 > 0 })
            let outside = 1 - kept.reduce(0.0) { $0 + Double($1) }
            let count = entry.tailCounts.reduce(0, +)
            #expect(count <= draws && (head > 0 || count == draws))
            if kept.count == 97 {
                #expect(count == 0)
            } else {
                // The tail's share, rounded up; 1 − Σ is right to a few 1e-7, of up to 65,535 draws.
                #expect(
                    (Int(
                        (Double(draws) * outside - 2e-2).rounded(.up))...Int(
                            (Double(draws) * outside + 2e-2).rounded(.up))).contains(count) || count == 1)
            }
            expectClose([entry.entropy], [-p.reduce(0) { $0 + $1 * log($1) }], relative: 2e-5)
            signal.append(entry)
            let range = signal.offsets[position]..<signal.offsets[position + 1]
            expectClose([signal.weights[range].reduce(0, +)], [1], relative: 1e-6)
            // One of a kind: what is drawn most often is not necessarily likeliest, but its weight is its share.
            for (id, count) in zip(entry.tailIDs, entry.tailCounts) {
                let place = signal.ids[range].firstIndex(of: id)!
                expectClose(
                    [signal.weights[place]],
                    [Double(entry.tail) * Double(count) / Double(entry.tailCounts.reduce(0, +))],
                    relative: 1e-5)
            }
        }
        #expect(signal.positions == entries.count)
    }

    /// E[w] = p: the mean weight over many seeds, against its standard error, and all tokens together by χ².
    @Test(arguments: [(0, 12), (4, 16)])
    func weightsAreUnbiased(head: Int, draws: Int) {
        let seeds = 1_500
        let logits = Small.logits(teacher, batch)
        var sums = [[Double]](repeating: Array(repeating: 0, count: 97), count: logits.count)
        for seed in 0..<UInt64(seeds) {
            let kind = SparseKind.sampled(head: head, draws: draws)
            var signal = SparseSignal(kind: kind, temperature: 1)
            for entry in capture(kind, seed: seed) { signal.append(entry) }
            for position in 0..<signal.positions {
                for entry in signal.offsets[position]..<signal.offsets[position + 1] {
                    sums[position][Int(signal.ids[entry])] += Double(signal.weights[entry])
                }
            }
        }
        var (worst, chiSquare, freedom) = (0.0, 0.0, 0)
        for (position, z) in logits.enumerated() {
            let p = Reference.softmax(z)
            let order = p.indices.sorted { p[$0] > p[$1] }
            let tail = order.dropFirst(order.prefix(head).count { p[$0] >= 1 / Double(draws) })
            let mass = tail.reduce(0) { $0 + p[$1] }
            let drawn = max(1, (Double(draws) * mass - 1e-6).rounded(.up))
            let n = Double(seeds) * drawn
            for id in p.indices where !tail.contains(id) {
                expectClose([Float(sums[position][id] / Double(seeds))], [p[id]], relative: 2e-5)
            }
            for id in tail {
                let share = p[id] / mass
                let counts = sums[position][id] / mass * drawn
                // Below five expected draws the normal approximation is poor.
                guard n * share >= 5 else { continue }
                worst = max(worst, (counts - n * share).magnitude / (n * share * (1 - share)).squareRoot())
                chiSquare += (counts - n * share) * (counts - n * share) / (n * share)
                freedom += 1
            }
        }
        // A few thousand normal deviates: one beyond 5 has a chance of 0.2%.
        #expect(worst < 5)
        let deviation = (chiSquare - Double(freedom)) / (2 * Double(freedom)).squareRoot()
        #expect(deviation.magnitude < 5, "χ² \(chiSquare) for \(freedom) degrees of freedom")
        #expect(freedom > 1_000)
    }

    /// A record's draws come from its own stream. Probabilities may differ in their last bits, since a matrix product
    /// of another shape adds in another order; a labeller that resumes sees the same batches and so the same bits.
    @Test func aRecordDependsOnItselfAlone() {
        let kind = SparseKind.sampled(head: 3, draws: 12)
        let together = capture(kind)
        let documents = Small.documents(9)
        var next = 0
        for (index, document) in documents.enumerated() {
            let alone = Small.batch(of: [document])
            let entries = SignalCapture(kind: kind, temperature: 1, seed: 1)
                .capture(teacher: teacher, batch: alone, records: [records[index]])
            for entry in entries {
                let other = together[next]
                #expect(entry.ids == other.ids)
                #expect(entry.tailIDs == other.tailIDs)
                #expect(entry.tailCounts == other.tailCounts)
                expectClose(entry.probabilities, other.probabilities.map(Double.init), relative: 1e-5)
                next += 1
            }
        }
        #expect(next == together.count)
    }

    @Test func seedsRecordsAndPositionsDrawDifferently() {
        let kind = SparseKind.sampled(head: 0, draws: 12)
        func draws(_ entries: [PositionEntries]) -> [[Int32]] { entries.map(\.tailIDs) }
        #expect(draws(capture(kind)) == draws(capture(kind)))
        #expect(draws(capture(kind)) != draws(capture(kind, seed: 2)))
        // The same tokens twice in one batch, under two names.
        let document = Small.documents(1, longest: 40, seed: 8)[0]
        let entries = SignalCapture(kind: kind, temperature: 1, seed: 1).capture(
            teacher: teacher, batch: Small.batch(of: [document, document]), records: [1, 2])
        #expect(
            draws(Array(entries[..<(entries.count / 2)])) != draws(Array(entries[(entries.count / 2)...])))
    }

    @Test(.enabled(if: hasTwoThreads))
    func threadsDoNotMatter() {
        func bits(_ entries: [PositionEntries]) -> [String] { entries.map { "\($0)" } }
        let kind = SparseKind.sampled(head: 3, draws: 12)
        #expect(bits(withThreads(1) { capture(kind) }) == bits(withThreads(2) { capture(kind) }))
    }
}
