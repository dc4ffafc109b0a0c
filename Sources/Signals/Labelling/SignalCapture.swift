import Support
import Tensors
import Transformer

// M positions, V vocabulary.

/// Takes sparse signals from a teacher's logits.
///
/// Draws come from a random stream of each record, so a record's signal depends on the record alone.
public struct SignalCapture: Sendable {
    public let kind: SparseKind
    public let temperature: Float
    public let seed: UInt64

    public init(kind: SparseKind, temperature: Float, seed: UInt64) {
        self.kind = kind
        self.temperature = temperature
        self.seed = seed
    }

    /// The signals of one packed batch.
    ///
    /// - Parameters:
    ///   - teacher: a frozen model
    ///   - batch: tokens and kept positions; the k-th sequence is one record
    ///   - records: for each sequence, the number its random stream is named by
    /// - Returns: what is kept of each of the M positions
    func capture(teacher: DecoderModel, batch: TrainingBatch, records: [UInt64]) -> [PositionEntries] {
        capture(teacher: teacher, batch: batch, records: records, layers: []).entries
    }

    /// The same, and the hidden states of some layers, from 1: [M, C] each.
    func capture(
        teacher: DecoderModel, batch: TrainingBatch, records: [UInt64], layers: [Int]
    ) -> (entries: [PositionEntries], hidden: [Tensor]) {
        precondition(records.count == batch.tokens.segments.count - 1, "one number for each record")
        let (hidden, inside) = teacher.frozenHiddenStates(
            batch.tokens, at: batch.positions, layers: layers)
        let streams = positionStreams(batch, records: records)
        var entries = [PositionEntries](repeating: PositionEntries(), count: batch.positions.count)
        LogitsChunks.forEach(hidden: hidden, head: teacher.head) { rows, logits in
            entries.withUnsafeMutableBufferPointer { entries in
                let out = entries.baseAddress!
                Parallel.forRanges(of: rows.count, grain: 16) { range in
                    let scratch = Tensor(shape: [logits.columns])
                    for row in range {
                        let position = rows.lowerBound + row
                        out[position] = capture(
                            logits: logits.pointer + row * logits.stride, vocabulary: logits.columns,
                            probabilities: scratch.pointer, stream: streams[position])
                    }
                }
            }
        }
        return (entries, inside)
    }

    /// A stream for each kept position: the record's, at a counter that leaves room for the draws of one position.
    private func positionStreams(_ batch: TrainingBatch, records: [UInt64]) -> [RandomStream] {
        var streams: [RandomStream] = []
        streams.reserveCapacity(batch.positions.count)
        var segment = 0
        for row in batch.positions {
            while row >= batch.tokens.segments[segment + 1] { segment += 1 }
            var stream = RandomStream(seed: seed, purpose: "signal", index: records[segment])
            stream.counter = UInt64(row - batch.tokens.segments[segment]) << 32
            streams.append(stream)
        }
        return streams
    }

    private func capture(
        logits: UnsafeMutablePointer<Float>, vocabulary: Int, probabilities p: UnsafeMutablePointer<Float>,
        stream: RandomStream
    ) -> PositionEntries {
        let inverse = 1 / temperature
        let sum = LogSumExp(logits, count: vocabulary, inverseTemperature: inverse)
        guard sum.isFinite else { return .noNumber }
        sum.softmax(of: logits, into: p, count: vocabulary)
        switch kind {
        case .topK(let k):
            var entries = PositionEntries.taking(k, of: p, vocabulary: vocabulary)
            entries.tail = kernels.sum(p, vocabulary)
            return entries
        case .sampled(let head, let draws):
            // H(p) = ln Z − E[z]/T, before the head is taken out of p.
            let mean = dotProduct(p, logits, count: vocabulary)
            var entries = PositionEntries.taking(head, of: p, vocabulary: vocabulary)
            entries.entropy = max(0, sum.logSum + (sum.maximum - mean) * inverse)
            giveBack(below: 1 / Float(draws), entries: &entries, to: p)
            drawTail(draws, from: p, vocabulary: vocabulary, stream: stream, into: &entries)
            return entries
        }
    }

    /// Leaves what is less likely than one draw weighs to the tail: kept exactly it would take more room than it is worth.
    private func giveBack(
        below smallest: Float, entries: inout PositionEntries, to p: UnsafeMutablePointer<Float>
    ) {
        while let last = entries.probabilities.last, last < smallest {
            p[Int(entries.ids.removeLast())] = last
            entries.probabilities.removeLast()
        }
    }

    /// Draws tokens in proportion to p, which is 0 on the head, and counts them. The tail gets its share of `draws`: the
    /// variance of what a position stores is m²/n for n draws from a mass m, and at equal room over all positions its sum
    /// is least when n is in proportion to m (Neyman's allocation).
    private func drawTail(
        _ draws: Int, from p: UnsafeMutablePointer<Float>, vocabulary: Int, stream: RandomStream,
        into entries: inout PositionEntries
    ) {
        // Cumulative mass by blocks; a draw finds its block by bisection and its token by a short scan.
        let block = 256
        var cumulative: [Double] = []
        var mass = 0.0
        for start in stride(from: 0, to: vocabulary, by: block) {
            mass += Double(kernels.sum(p + start, min(block, vocabulary - start)))
            cumulative.append(mass)
        }
        entries.tail = Float(mass)
        guard mass > smallestTailMass else { return }
        var stream = stream
        var drawn: [Int32] = []
        // Rounding may leave a whole distribution a hair above 1.
        let count = min(draws, max(1, Int((Double(draws) * mass).rounded(.up))))
        for _ in 0..<count {
            // All 53 bits: steps of 2⁻²⁴ would pass over tokens of a large vocabulary.
            let target = stream.nextUniformDouble() * mass
            var (low, high) = (0, cumulative.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if cumulative[middle] > target { high = middle } else { low = middle + 1 }
            }
            drawn.append(
                scan(
                    block: low * block..<min((low + 1) * block, vocabulary), p: p,
                    from: low == 0 ? 0 : cumulative[low - 1], to: target))
        }
        drawn.sort()
        for id in drawn {
            if entries.tailIDs.last == id {
                entries.tailCounts[entries.tailCounts.count - 1] += 1
            } else {
                entries.tailIDs.append(id)
                entries.tailCounts.append(1)
            }
        }
    }

    private func scan(
        block: Range<Int>, p: UnsafeMutablePointer<Float>, from start: Double, to target: Double
    ) -> Int32 {
        var sum = start
        var last = block.lowerBound
        for id in block where p[id] > 0 {
            sum += Double(p[id])
            last = id
            if sum > target { break }
        }
        return Int32(last)
    }
}

/// A tail lighter than this is not sampled: Float32 cannot tell it from rounding.
private let smallestTailMass = 1e-7

/// What was kept of one position.
package struct PositionEntries: Sendable {
    /// Top-k, or the head of a sampled signal, likeliest first.
    var ids: [Int32] = []
    var probabilities: [Float] = []
    /// Tokens drawn from the tail, rising, and how often each came.
    var tailIDs: [Int32] = []
    var tailCounts: [Int] = []
    /// Mass of all tokens outside the head.
    package var tail: Float = 0
    var entropy: Float = 0

    /// What stands for logits that are infinite or NaN, which have no distribution.
    static let noNumber = PositionEntries(tail: .nan)

    /// Whether there was a distribution to keep.
    var isNumber: Bool { !tail.isNaN }

    /// The k likeliest tokens; their probabilities become 0 in p, which is left with the tail.
    package static func taking(_ k: Int, of p: UnsafeMutablePointer<Float>, vocabulary: Int)
        -> PositionEntries
    {
        var entries = PositionEntries()
        let count = min(k, vocabulary)
        entries.ids = [Int32](repeating: 0, count: count)
        entries.probabilities = [Float](repeating: 0, count: count)
        kernels.top_k(p, vocabulary, count, &entries.ids, &entries.probabilities)
        for id in entries.ids { p[Int(id)] = 0 }
        return entries
    }
}

extension SparseSignal {
    /// Adds one position. What it keeps is scaled to sum to 1, which undoes the rounding of stored probabilities; of a
    /// sampled signal the tail's mass is shared out by the counts, or left out when nothing was drawn.
    package mutating func append(_ entries: PositionEntries) {
        let draws = entries.tailCounts.reduce(0, +)
        let tail: Double =
            switch kind {
            case .topK: Double(entries.tail)
            case .sampled: draws == 0 ? 0 : Double(entries.tail)
            }
        let scale = 1 / entries.probabilities.reduce(tail) { $0 + Double($1) }
        ids += entries.ids
        weights += entries.probabilities.map { Float(Double($0) * scale) }
        switch kind {
        case .topK: tails.append(Float(tail * scale))
        case .sampled:
            heads.append(entries.ids.count)
            ids += entries.tailIDs
            weights += entries.tailCounts.map { Float(tail * scale * Double($0) / Double(draws)) }
            entropies.append(entries.entropy)
        }
        offsets.append(ids.count)
    }
}
