import Support
import Tensors
import Transformer

// M positions, V vocabulary, C width.

/// Computes a teacher's sparse signals from its logits.
///
/// Samples come from a random stream per record, so a record's signal depends on the record alone.
struct SignalCapture: Sendable {
    let kind: SparseKind
    let temperature: Float
    let seed: UInt64

    init(kind: SparseKind, temperature: Float, seed: UInt64) {
        self.kind = kind
        self.temperature = temperature
        self.seed = seed
    }

    /// The signals of one packed batch.
    ///
    /// - Parameters:
    ///   - teacher: a frozen model
    ///   - batch: tokens and positions before targets; the k-th sequence is one record
    ///   - records: for each sequence, the index of its random stream
    /// - Returns: the entries of each of the M positions
    func capture(teacher: DecoderModel, batch: TrainingBatch, records: [UInt64]) -> [PositionEntries] {
        capture(teacher: teacher, batch: batch, records: records, layers: []).entries
    }

    /// The same, with the hidden states of some layers, from 1: [M, C] each.
    func capture(
        teacher: DecoderModel, batch: TrainingBatch, records: [UInt64], layers: [Int]
    ) -> (entries: [PositionEntries], hidden: [Tensor]) {
        precondition(records.count == batch.tokens.segments.count - 1, "one number for each record")
        let (hidden, layerStates) = teacher.frozenHiddenStates(
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
        return (entries, layerStates)
    }

    /// A stream for each position: the record's, at a counter that leaves room for the draws of one position.
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
            moveToTail(below: 1 / Float(draws), entries: &entries, to: p)
            drawTail(draws, from: p, vocabulary: vocabulary, stream: stream, into: &entries)
            return entries
        }
    }

    /// Moves head tokens that are less likely than the weight of one draw to the tail: storing them exactly gains too
    /// little for its space.
    private func moveToTail(
        below smallest: Float, entries: inout PositionEntries, to p: UnsafeMutablePointer<Float>
    ) {
        while let last = entries.probabilities.last, last < smallest {
            p[Int(entries.ids.removeLast())] = last
            entries.probabilities.removeLast()
        }
    }

    /// Draws tokens in proportion to p, which is 0 on the head, and counts them. The number of draws is `draws` times the
    /// tail's mass: the variance of a position's weights is m²/n for n draws from a mass m, and at equal room over all
    /// positions its sum is least when n is proportional to m (Neyman's allocation).
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
        // Rounding may leave a whole distribution slightly above 1.
        let count = min(draws, max(1, Int((Double(draws) * mass).rounded(.up))))
        for _ in 0..<count {
            // All 53 bits: steps of 2⁻²⁴ would skip tokens of a large vocabulary.
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

/// A tail of less mass is not sampled: Float32 cannot tell it from rounding error.
private let smallestTailMass = 1e-7
