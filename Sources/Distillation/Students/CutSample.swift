import Checkpoints
import Corpora
import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// A little of a corpus as plain text, on which a model is measured before it is cut.
struct CutSample {
    let batch: TokenBatch

    /// Tokens of a sequence at most.
    private static let longest = 256

    /// Takes records at even distances, the beginning of each.
    ///
    /// - Throws: `UserError` if the records hold no text
    init(_ records: [CorpusRecord], tokens: Int, of model: Checkpoint) throws {
        let longest = min(Self.longest, model.decoder.configuration.contextLength)
        let encoder = CorpusEncoder(tokenizer: try model.requireTokenizer(), contextLength: max(longest, 2))
        // About as many records as hold the tokens, if they are as long as a chat's turns.
        let usual = 32
        let step = max(1, records.count * usual / tokens)
        var (sequences, count) = ([[Int32]](), 0)
        for offset in 0..<step where count < tokens {
            for index in stride(from: offset, to: records.count, by: step) where count < tokens {
                let text = CorpusRecord.text(records[index].texts.joined(separator: "\n"))
                let ids = Array(try encoder.document(text).ids.prefix(longest))
                guard ids.count > 1 else { continue }
                sequences.append(ids)
                count += ids.count
            }
        }
        guard !sequences.isEmpty else {
            throw UserError(
                "no text to measure the model on", remedy: "give a corpus with text", status: .noInput)
        }
        batch = TokenBatch(sequences: sequences)
    }

    /// The mean probability that a model gives to pieces that are not kept, over all positions.
    func lostMass(of decoder: Decoder, keeping vocabulary: VocabularyTrim) -> Double {
        let kept = vocabulary.rows.dropLast(vocabulary.addedSymbols).map(Int.init)
        let hidden = decoder.frozenHiddenStates(batch, at: Array(batch.ids.indices))
        var lost = [Double](repeating: 0, count: hidden.rows)
        lost.withUnsafeMutableBufferPointer { lost in
            nonisolated(unsafe) let lost = lost
            LogitsChunks.forEach(hidden: hidden, head: decoder.head) { rows, logits in
                Parallel.forEach(count: rows.count) { row in
                    let z = UnsafeBufferPointer(
                        start: logits.pointer + row * logits.stride, count: logits.columns)
                    var largest = -Float.infinity
                    for value in z { largest = max(largest, value) }
                    var (all, some) = (0.0, 0.0)
                    for value in z { all += Double(exp(value - largest)) }
                    for id in kept { some += Double(exp(z[id] - largest)) }
                    lost[rows.lowerBound + row] = max(0, 1 - some / all)
                }
            }
        }
        return lost.reduce(0, +) / Double(lost.count)
    }
}
