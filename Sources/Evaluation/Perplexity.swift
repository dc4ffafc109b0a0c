import Corpora
import Distillation
import Foundation
import Tensors
import Transformer

/// Perplexity of a model on a text.
public struct Perplexity: Codable, Equatable, Sendable {
    /// Scored tokens.
    public let tokens: Int
    /// Mean negative log-likelihood, in nats a token.
    public let nll: Double
    /// exp(nll).
    public let perplexity: Double
    /// Standard error of the perplexity: perplexity · s / √tokens, with s the deviation of the tokens' own values.
    public let standardError: Double
    /// Bits for each byte of the scored text, which compares models with different tokenizers.
    public let bitsPerByte: Double?

    /// - Parameters:
    ///   - values: negative log-likelihood of every scored token, in nats
    ///   - bytes: bytes of text that the scored tokens stand for
    init(values: [Float], bytes: Int?) {
        let mean = Statistics(values)
        tokens = values.count
        nll = mean.mean
        perplexity = exp(mean.mean)
        standardError = perplexity * mean.standardError
        bitsPerByte = bytes.flatMap { $0 > 0 ? mean.mean * Double(values.count) / log(2) / Double($0) : nil }
    }

    /// Scores windows of text.
    ///
    /// - Parameters:
    ///   - byteCount: bytes of text that a token stands for; nil leaves bits a byte out
    ///   - progress: called with the number of windows done and of tokens run
    public static func measure(
        _ model: Decoder, windows: [Window], byteCount: ((Int32) -> Int)? = nil,
        progress: ((_ windows: Int, _ tokens: Int) -> Void)? = nil
    ) -> Perplexity {
        var values: [Float] = []
        var (bytes, done, tokens) = (0, 0, 0)
        for batch in windows.batched(tokens: evaluationBatchTokens) {
            let packed = TrainingBatch(windows: batch)
            values += negativeLogLikelihoods(model, packed)
            if let byteCount { bytes += packed.targets.reduce(0) { $0 + byteCount($1) } }
            done += batch.count
            tokens += packed.tokens.ids.count
            progress?(done, tokens)
        }
        return Perplexity(values: values, bytes: byteCount == nil ? nil : bytes)
    }

    /// −ln p(target) at each of the batch's kept positions.
    static func negativeLogLikelihoods(_ model: Decoder, _ batch: TrainingBatch) -> [Float] {
        let hidden = model.frozenHiddenStates(batch.tokens, at: batch.positions)
        let result = Tensor(shape: [batch.targets.count])
        LogitsChunks.forEach(hidden: hidden, head: model.head) { rows, logits in
            Parallel.forRanges(of: rows.count, grain: 16) { range in
                for row in range {
                    let z = logits.pointer + row * logits.stride
                    var (maximum, logSum): (Float, Float) = (0, 0)
                    kernels.log_sum_exp(z, logits.columns, 1, &maximum, &logSum)
                    let position = rows.lowerBound + row
                    result.pointer[position] = maximum + logSum - z[Int(batch.targets[position])]
                }
            }
        }
        return result.values
    }
}

/// Tokens run through a model at once: enough for products to reach their best rate.
let evaluationBatchTokens = 2048

extension TrainingBatch {
    init(windows: ArraySlice<Window>) {
        // One teacher's view makes the others' their own.
        let views =
            windows.contains { $0.teacher != nil }
            ? windows.map { $0.teacher ?? MarkedTokens(ids: $0.ids, kept: $0.isScored) } : nil
        self.init(
            tokens: TokenBatch(sequences: windows.map(\.ids)), isTarget: windows.flatMap(\.isScored),
            teacher: views.map {
                (tokens: TokenBatch(sequences: $0.map(\.ids)), isTarget: $0.flatMap(\.kept))
            })
    }
}
