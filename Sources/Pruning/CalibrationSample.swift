import Checkpoints
import Corpora
import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// A calibration sample: a small part of a corpus, on which importance is measured and projections are refitted.
struct CalibrationSample {
    private let sequences: [[Int32]]

    var batch: TokenBatch { TokenBatch(sequences: sequences) }

    /// The most tokens of a sequence.
    private static let longest = 256

    /// Takes the beginnings of evenly spaced records, as plain text.
    ///
    /// - Throws: `UserError` if the records have no text
    init(plainTextOf records: [CorpusRecord], tokens: Int, of model: Checkpoint) throws {
        // The number of records that have the tokens, at the typical length of a chat's turn.
        let typicalLength = 32
        let step = max(1, records.count * typicalLength / tokens)
        let order = (0..<step).lazy.flatMap { stride(from: $0, to: records.count, by: step) }
        try self.init(order.map { .text(records[$0].texts.joined(separator: "\n")) }, tokens, model)
    }

    /// Takes the beginnings of records at random, chats as the model's template renders them.
    ///
    /// - Throws: `UserError` if the records have no text, or the template refuses a chat
    init(_ records: [CorpusRecord], tokens: Int, of model: Checkpoint) throws {
        var random = RandomStream(seed: 1, purpose: "calibration sample")
        let order = records.shuffled(using: &random)
        let plain = model.chatTemplate == nil
        try self.init(
            order.lazy.map { plain ? .text($0.texts.joined(separator: "\n")) : $0 }, tokens, model)
    }

    /// Takes the beginnings of the first records.
    private init(_ records: some Sequence<CorpusRecord>, _ tokens: Int, _ model: Checkpoint) throws {
        let longest = min(Self.longest, model.decoder.configuration.contextLength)
        let encoder = CorpusEncoder(
            tokenizer: try model.requireTokenizer(), template: model.chatTemplate ?? .roleMarkers,
            contextLength: max(longest, 2))
        var (sequences, count) = ([[Int32]](), 0)
        for record in records {
            guard count < tokens else { break }
            let ids = Array(try encoder.document(record).ids.prefix(longest))
            guard ids.count > 1 else { continue }
            sequences.append(ids)
            count += ids.count
        }
        guard !sequences.isEmpty else {
            throw UserError(
                "no text to measure the model on", hint: "give a corpus with text", status: .noInput)
        }
        self.sequences = sequences
    }

    private init(sequences: [[Int32]]) { self.sequences = sequences }

    /// Alternating sequences: one half to decide, the other to measure. A single sequence is both.
    var halves: (CalibrationSample, CalibrationSample) {
        guard sequences.count > 1 else { return (self, self) }
        func half(_ parity: Int) -> CalibrationSample {
            CalibrationSample(sequences: sequences.indices.filter { $0 % 2 == parity }.map { sequences[$0] })
        }
        return (half(0), half(1))
    }

    /// The mean of a model's next-token distributions over all positions.
    func meanProbabilities(of decoder: DecoderModel) -> [Float] {
        var sums = [Float](repeating: 0, count: decoder.configuration.vocabularySize)
        sums.withUnsafeMutableBufferPointer { sums in
            nonisolated(unsafe) let sums = sums
            forEachDistribution(of: decoder) { _, p in
                // Divided by columns: all positions are added to a piece in the same order.
                Parallel.forRanges(of: p.columns, grain: 4096) { columns in
                    for row in 0..<p.rows {
                        kernels.add(
                            p.pointer + row * p.stride + columns.lowerBound,
                            sums.baseAddress! + columns.lowerBound, columns.count)
                    }
                }
            }
        }
        let positions = Float(batch.ids.count)
        return sums.map { $0 / positions }
    }

    /// The mean probability of the pieces that are removed, over all positions.
    func lostMass(of decoder: DecoderModel, keeping vocabulary: VocabularyTrim) -> Double {
        let remaining = vocabulary.rows.map(Int.init)
        var lost = [Double](repeating: 0, count: batch.ids.count)
        lost.withUnsafeMutableBufferPointer { lost in
            nonisolated(unsafe) let lost = lost
            forEachDistribution(of: decoder) { rows, p in
                Parallel.forEach(count: rows.count) { row in
                    let p = p.pointer + row * p.stride
                    let mass = remaining.reduce(0) { $0 + Double(p[$1]) }
                    lost[rows.lowerBound + row] = max(0, 1 - mass)
                }
            }
        }
        return lost.reduce(0, +) / Double(lost.count)
    }

    /// Calls `body` with the distributions at all positions, a few rows at a time.
    private func forEachDistribution(
        of decoder: DecoderModel, _ body: (_ rows: Range<Int>, _ probabilities: MatrixView) -> Void
    ) {
        let batch = batch
        let hidden = decoder.frozenHiddenStates(batch, at: Array(batch.ids.indices))
        LogitsChunks.forEach(hidden: hidden, head: decoder.head) { rows, logits in
            Parallel.forEach(count: rows.count) { row in
                let z = logits.pointer + row * logits.stride
                LogSumExp(z, count: logits.columns).softmax(of: z, into: z, count: logits.columns)
            }
            body(rows, logits)
        }
    }
}
