import Corpora
import Foundation
import Signals
import Support
import Tensors
import Transformer

/// Perplexity of a model on a text.
///
/// `Evaluator.perplexity` computes it from files; `measure` from windows.
public struct Perplexity: Encodable, Equatable, Sendable {
    /// Number of scored tokens.
    public let tokens: Int
    /// Mean negative log-likelihood, in nats per token.
    public let nll: Double
    /// exp(nll).
    public let perplexity: Double
    /// Standard error of the perplexity: perplexity · s / √tokens, with s the deviation of the tokens' own values.
    public let standardError: Double
    /// Bits per byte of the scored text, which compares models with different tokenizers.
    public let bitsPerByte: Double?

    /// What was read and how it was divided into windows; nil where windows were given.
    public internal(set) var counted: CountedText?
    /// Sums over parts of the text, for comparison with another model.
    public let items: ItemSums

    private enum CodingKeys: String, CodingKey {
        case tokens, nll, perplexity, standardError, bitsPerByte, counted
    }

    /// Scores windows of text.
    ///
    /// - Parameters:
    ///   - model: the model to score with
    ///   - windows: of text
    ///   - byteCount: bytes of text that a token decodes to; nil leaves bits per byte out
    ///   - progress: called with the number of windows done and of tokens run
    public static func measure(
        _ model: DecoderModel, windows: [Window], byteCount: ((Int32) -> Int)? = nil,
        progress: ((_ windows: Int, _ tokens: Int) -> Void)? = nil
    ) -> Perplexity {
        var rest = windows.makeIterator()
        return measure(model, windows: { () throws(Never) in rest.next() }, byteCount, progress)
    }

    /// As above, of windows that are made one after another: memory does not depend on their number.
    static func measure<Failure: Error>(
        _ model: DecoderModel, windows next: () throws(Failure) -> Window?,
        _ byteCount: ((Int32) -> Int)? = nil,
        _ progress: ((_ windows: Int, _ tokens: Int) -> Void)? = nil
    ) throws(Failure) -> Perplexity {
        var sums = Sums(countsBytes: byteCount != nil)
        var (done, tokens) = (0, 0)
        try forEachBatch(of: next) { windows in
            let packed = TrainingBatch(windows: windows[...])
            let values = negativeLogLikelihoods(model, packed)
            sums.add(values, of: windows, packed.targets, byteCount)
            done += windows.count
            tokens += packed.tokens.ids.count
            progress?(done, tokens)
        }
        return Perplexity(sums)
    }

    /// Running sums over the scored tokens.
    struct Sums {
        private(set) var values = RunningStatistics()
        private(set) var items = ItemSums()
        private(set) var bytes: Int?

        init(countsBytes: Bool) { bytes = countsBytes ? 0 : nil }

        /// - Parameters:
        ///   - values: negative log-likelihood of every scored token of the windows, in nats
        ///   - targets: those tokens
        mutating func add(
            _ values: [Float], of windows: [Window], _ targets: [Int32], _ byteCount: ((Int32) -> Int)?
        ) {
            var start = 0
            for window in windows {
                let end = start + window.lossMask.count { $0 }
                for value in values[start..<end] { self.values.add(Double(value)) }
                let textBytes = byteCount.map { count in targets[start..<end].reduce(0) { $0 + count($1) } }
                bytes = bytes.flatMap { sum in textBytes.map { sum + $0 } }
                items.add(
                    sum: values[start..<end].reduce(0) { $0 + Double($1) }, count: end - start)
                start = end
            }
        }
    }

    init(_ sums: Sums) {
        let (mean, count) = (sums.values.mean, sums.values.count)
        tokens = count
        nll = mean
        perplexity = exp(mean)
        standardError = perplexity * sums.values.standardError
        bitsPerByte = sums.bytes.flatMap { $0 > 0 ? mean * Double(count) / log(2) / Double($0) : nil }
        items = sums.items
    }

    /// −ln p(target) at each of the batch's positions.
    static func negativeLogLikelihoods(_ model: DecoderModel, _ batch: TrainingBatch) -> [Float] {
        let hidden = model.frozenHiddenStates(batch.tokens, at: batch.positions)
        let vocabulary = model.head.rows
        return LogitsChunks.map(hidden: hidden, head: model.head) { position, z in
            LogSumExp(z, count: vocabulary).value - z[Int(batch.targets[position])]
        }
    }
}

/// Tokens run through a model at once: enough for matrix products to reach their best rate.
let evaluationBatchTokens = 2048

/// Calls `body` with batches of windows, in order.
func forEachBatch<Failure: Error>(
    of next: () throws(Failure) -> Window?, _ body: (_ windows: [Window]) -> Void
) throws(Failure) {
    var batcher = WindowBatcher(tokens: evaluationBatchTokens)
    while let window = try next() {
        if let full = batcher.add(window) { body(full) }
    }
    if let last = batcher.finish() { body(last) }
}

extension TrainingBatch {
    init(windows: ArraySlice<Window>) {
        // Where one window has a view of the teacher's, the others have theirs: what the student reads.
        let views =
            windows.contains { $0.teacher != nil }
            ? windows.map { $0.teacher ?? MaskedTokens(ids: $0.ids, lossMask: $0.lossMask) } : nil
        self.init(
            tokens: TokenBatch(sequences: windows.map(\.ids)), lossMask: windows.flatMap(\.lossMask),
            teacher: views.map {
                (tokens: TokenBatch(sequences: $0.map(\.ids)), lossMask: $0.flatMap(\.lossMask))
            })
    }
}
