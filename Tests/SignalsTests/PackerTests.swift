import Corpora
import Signals
import Support
import Tensors
import Testing

@Suite struct PackerTests {
    private static func lengths(_ count: Int, _ range: ClosedRange<Int>, seed: UInt64 = 1) -> [UInt32] {
        var stream = RandomStream(seed: seed, purpose: "lengths")
        return (0..<count).map { _ in UInt32(range.lowerBound + stream.nextIndex(below: range.count)) }
    }

    /// Corpora of many shapes: documents, budget.
    private static let shapes: [(lengths: [UInt32], budget: Int)] = [
        (lengths(1000, 2...64), 512), (lengths(300, 1...512), 512), (lengths(50, 2...20), 4096),
        ([7], 100), ([100], 100), (lengths(40, 50...60), 100), (lengths(600, 300...400), 512),
        (lengths(500, 2...10) + lengths(20, 900...1000), 1000),
    ]

    @Test("Every epoch has every document once, before the next begins", arguments: shapes.indices)
    func nothingIsLost(_ shape: Int) {
        let (lengths, budget) = Self.shapes[shape]
        var packer = Packer(lengths: lengths, budget: budget, seed: 5)
        var stream: [Int] = []
        var batch = 0
        while stream.count < 3 * lengths.count {
            let documents = packer.batch(batch)
            #expect(!documents.isEmpty)
            #expect(documents.map { Int(lengths[$0]) }.reduce(0, +) <= budget)
            #expect(Set(documents).count == documents.count)
            stream += documents
            batch += 1
        }
        for epoch in 0..<3 {
            let documents = stream[epoch * lengths.count..<(epoch + 1) * lengths.count]
            #expect(documents.sorted() == Array(lengths.indices))
        }
        if lengths.count > 10 {
            #expect(stream[..<lengths.count] != stream[lengths.count..<2 * lengths.count])
        }
    }

    @Test func sameSeedSameOrder() {
        let lengths = Self.lengths(500, 2...64)
        var first = Packer(lengths: lengths, budget: 512, seed: 5)
        var second = Packer(lengths: lengths, budget: 512, seed: 5)
        var other = Packer(lengths: lengths, budget: 512, seed: 6)
        let batches = (0..<100).map { first.batch($0) }
        #expect(batches == (0..<100).map { second.batch($0) })
        #expect(batches != (0..<100).map { other.batch($0) })
    }

    @Test("A run that goes on anywhere gets what it would have got", arguments: shapes.indices)
    func resuming(_ shape: Int) {
        let (lengths, budget) = Self.shapes[shape]
        var whole = Packer(lengths: lengths, budget: budget, seed: 9)
        let batches = (0..<60).map { whole.batch($0) }
        for start in [0, 1, 13, 37, 59] {
            var resumed = Packer(lengths: lengths, budget: budget, seed: 9)
            #expect((start..<60).map { resumed.batch($0) } == Array(batches[start...]))
        }
        // Back, the same again, and forward.
        for index in [59, 3, 3, 4, 2, 58] { #expect(whole.batch(index) == batches[index]) }
    }

    @Test("Few tokens of the budget stay unused")
    func fill() {
        for (range, least) in [(2...64, 0.99), (2...256, 0.97)] {
            let lengths = Self.lengths(4000, range)
            var packer = Packer(lengths: lengths, budget: 4096, seed: 3)
            let used = (0..<100).map { index in packer.batch(index).map { lengths[$0] }.reduce(0, +) }
            #expect(Double(used.reduce(0, +)) / (100 * 4096) > least)
        }
    }

    @Test func batchesHoldTheDocuments() {
        let corpus = [
            EncodedDocument(ids: [1, 2, 3], lossMask: [false, true, false]),
            EncodedDocument(ids: [4, 5], lossMask: [false, true]),
        ]
        let batch = PackedBatch([1, 0, 1].map { corpus[$0] })
        #expect(batch.tokens.ids == [4, 5, 1, 2, 3, 4, 5])
        #expect(batch.tokens.segments == [0, 2, 5, 7])
        #expect(batch.lossMask == [false, true, false, true, false, false, true])
    }
}
