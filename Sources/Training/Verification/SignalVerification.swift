import Foundation
import Signals
import Tensors
import Transformer

/// How accurate a signal cache is, measured by running the teacher again on a sample of its records.
public struct SignalVerification: Codable, Equatable, Sendable {
    /// Number of sampled records.
    public let records: Int
    /// Number of positions in them.
    public let positions: Int
    /// Mean KL(full ‖ decoded) in nats: the decoded distribution has the stored probabilities (the head's, for a sampled
    /// signal), and the remaining mass uniformly over all other tokens.
    public let klFullDecoded: Double
    /// Mean |Σ full − Σ stored| over the tokens whose probability is stored.
    public let massError: Double
    /// Largest difference between a full and a stored probability.
    public let largestError: Double
    /// Angle in degrees between the gradients of the forward KL from the whole distribution and from the cache, each
    /// summed over all positions, for a student whose logits are half the teacher's.
    public let gradientAngle: Double

    /// Runs the teacher on some records and compares.
    ///
    /// - Parameters:
    ///   - cache: made by the teacher
    ///   - teacher: the model it was labelled with
    ///   - records: number of records, spread evenly over the cache
    /// - Throws: `UserError` when a shard was changed since the cache was opened
    public static func measure(_ cache: SignalCache, teacher: DecoderModel, records: Int) throws
        -> SignalVerification
    {
        var sums = Sums(vocabulary: teacher.configuration.vocabularySize)
        let every = max(1, cache.manifest.records / max(records, 1))
        var index = 0
        try cache.forEachRecord { ids, positions, signal in
            if index % every == 0, sums.records < records, !positions.isEmpty {
                sums.add(ids: ids, positions: positions.map(Int.init), signal: try signal(), teacher: teacher)
            }
            index += 1
        }
        return sums.result
    }

    private struct Sums {
        var (records, positions) = (0, 0)
        var (divergence, massError, largestError) = (0.0, 0.0, 0.0)
        /// Gradients summed over positions.
        var (full, sparse): ([Double], [Double])

        init(vocabulary: Int) {
            full = Array(repeating: 0, count: vocabulary)
            sparse = full
        }

        mutating func add(ids: [Int32], positions rows: [Int], signal: SparseSignal, teacher: DecoderModel) {
            let hidden = withoutGradients {
                gatherRows(teacher.hiddenStates(TokenBatch(sequences: [ids])), at: rows)
            }
            let vocabulary = teacher.head.rows
            let terms = [WeightedLoss(.forwardKL(temperature: signal.temperature))]
            let rowLoss = RowLoss(terms: terms, vocabulary: vocabulary, entries: signal.mostEntries)
            let report = Tensor(shape: [2, 1])
            let (probabilities, student) = (Tensor(shape: [vocabulary]), Tensor(shape: [vocabulary]))
            LogitsChunks.forEach(hidden: hidden, head: teacher.head) { range, logits in
                for row in 0..<range.count {
                    let z = logits.pointer + row * logits.stride
                    let position = range.lowerBound + row
                    RowDistribution.softmax(
                        z, temperature: signal.temperature, into: probabilities.pointer, count: vocabulary)
                    compare(probabilities, signal, position: position)
                    for (isFull, teacherSignal) in [
                        (true, RowLoss.Teacher.dense(logits: [z])),
                        (false, .sparse(signal, position: position)),
                    ] {
                        for id in 0..<vocabulary { student.pointer[id] = 0.5 * z[id] }
                        rowLoss.evaluate(
                            logits: student.pointer, target: 0, teacher: teacherSignal, scale: 1,
                            report: RowLoss.Report(
                                losses: report.pointer(row: 0), squaredNorms: report.pointer(row: 1)))
                        for id in 0..<vocabulary {
                            let value = Double(student.pointer[id])
                            if isFull { full[id] += value } else { sparse[id] += value }
                        }
                    }
                }
            }
            records += 1
            positions += rows.count
        }

        private mutating func compare(_ p: Tensor, _ signal: SparseSignal, position: Int) {
            let entries = signal.offsets[position]..<signal.offsets[position + 1]
            // The entries whose probability is stored, and the mass of all other tokens.
            let (stored, rest): (Range<Int>, Double) =
                switch signal.kind {
                case .topK: (entries, Double(signal.tails[position]))
                case .sampled:
                    (
                        entries.prefix(signal.heads[position]),
                        entries.dropFirst(signal.heads[position]).reduce(0) {
                            $0 + Double(signal.weights[$1])
                        }
                    )
                }
            var (fullMass, storedMass, divergence) = (0.0, 0.0, 0.0)
            for entry in stored {
                let exact = Double(p.pointer[Int(signal.ids[entry])])
                let decoded = Double(signal.weights[entry])
                fullMass += exact
                storedMass += decoded
                largestError = max(largestError, abs(exact - decoded))
                divergence += exact * log(exact / decoded)
            }
            // Σ p ln(p / uniform) over the other tokens.
            let others = p.count - stored.count
            if others > 0 {
                let even = max(rest, 1e-12) / Double(others)
                let storedIDs = Set(stored.map { signal.ids[$0] })
                for id in 0..<p.count where !storedIDs.contains(Int32(id)) {
                    let exact = Double(p.pointer[id])
                    if exact > 0 { divergence += exact * log(exact / even) }
                }
            }
            self.divergence += divergence
            massError += abs(fullMass - storedMass)
        }

        var result: SignalVerification {
            let cosine =
                dotProduct(full, sparse) / (dotProduct(full, full) * dotProduct(sparse, sparse)).squareRoot()
            let count = Double(max(positions, 1))
            return SignalVerification(
                records: records, positions: positions, klFullDecoded: divergence / count,
                massError: massError / count, largestError: largestError,
                gradientAngle: acos(min(1, max(-1, cosine))) * 180 / .pi)
        }
    }
}
