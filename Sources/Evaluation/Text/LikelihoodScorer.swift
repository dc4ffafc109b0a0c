import Checkpoints
import Corpora
import Foundation
import Signals
import Support
import Transformer

/// Measures the mean negative log-likelihood of records, for filters by perplexity: what `Evaluator.perplexity` says of each alone.
///
/// Windows of several records are packed into a batch, so that matrix products stay large.
public struct LikelihoodScorer: RecordScorer {
    /// Two: the mean, and the number of tokens.
    public let width = 2
    /// The digest of model, tokenizer, chat template and measure.
    public let identity: Fingerprint
    private let model: Checkpoint
    private let encoder: PartEncoder
    private let context: Int
    private let stride: Int

    /// - Parameters:
    ///   - model: with a tokenizer
    ///   - part: the part that is scored
    ///   - hidesPrompt: whether all turns but the assistant's are empty
    ///   - context: tokens of a window; nil for `CorpusEncoder.standardContext`, or the model's own where that is shorter
    /// - Throws: `UserError` if the checkpoint has no tokenizer or no room for the context
    public init(
        _ model: Checkpoint, of part: TextPart, hidesPrompt: Bool = false, context: Int? = nil
    ) throws {
        let tokenizer = try model.requireTokenizer()
        self.model = model
        self.context = try Evaluator(context: context).windowLength(of: [model])
        stride = max(1, self.context / 2)
        encoder = PartEncoder(
            of: part, hidesPrompt: hidesPrompt, tokenizer: tokenizer,
            template: model.chatTemplate ?? .roleMarkers, addsBegin: model.beginsTexts)
        identity = try model.identity(
            measuring: "likelihood", part.rawValue, "\(hidesPrompt)", "\(self.context)")
    }

    /// Measures records.
    ///
    /// - Throws: `UserError` with file and line for a record that the chat template refuses, or on which the output is not finite;
    ///   `Interrupted`; what `body` throws
    public func score(
        _ records: [CandidateRecord], _ body: (_ values: [[Float]], _ tokens: Int) throws -> Void
    ) throws {
        let windows = CandidateRecord.inParallel(records) { record in Result { try self.windows(of: record) }
        }
        var (sums, counts) = (
            [Double](repeating: 0, count: records.count), [Int](repeating: 0, count: records.count)
        )
        // The record of each window that is not scored yet.
        var (owners, waiting) = ([Int](), [Window]())
        for (index, found) in windows.enumerated() {
            let scored = try found.get()
            owners += scored.map { _ in index }
            waiting += scored
        }
        var (passed, first) = (0, 0)
        for batch in waiting.batched(tokens: evaluationBatchTokens) {
            try Interruption.check()
            let packed = TrainingBatch(windows: batch)
            var values = Perplexity.negativeLogLikelihoods(model.decoder, packed)[...]
            for (window, owner) in zip(batch, owners[first...]) {
                let count = window.lossMask.count { $0 }
                sums[owner] += values.prefix(count).reduce(0) { $0 + Double($1) }
                counts[owner] += count
                values = values.dropFirst(count)
            }
            first += batch.count
            let complete = first < owners.count ? owners[first] : records.count
            try pass(passed..<complete, packed.tokens.ids.count)
            passed = complete
        }
        if passed < records.count { try pass(passed..<records.count, 0) }

        func pass(_ range: Range<Int>, _ tokens: Int) throws {
            let values = try range.map { index -> [Float] in
                guard counts[index] > 0 else { return [] }
                let mean = Float(sums[index] / Double(counts[index]))
                guard mean.isFinite else {
                    throw UserError.nonFiniteOutput(
                        "on \(records[index].location)", model: model.url.relativePath)
                }
                return [mean, Float(counts[index])]
            }
            try body(values, tokens)
        }
    }

    /// The windows of a record that have scored tokens.
    private func windows(of record: CandidateRecord) throws -> [Window] {
        let document = try encoder.document(record)
        return PerplexityConvention.hf.windows(
            of: [(document.ids, document.lossMask)], context: context, stride: stride, begin: nil
        ).filter(\.hasTargets)
    }
}
