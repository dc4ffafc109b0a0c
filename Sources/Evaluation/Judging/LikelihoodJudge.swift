import Checkpoints
import Corpora
import Foundation
import Signals
import Support
import Tokenization

/// Judges answers by a model: the score is the mean log-probability of the answer's tokens given all before it, in nats a token, with the marker
/// that ends the turn.
///
/// The mean and not the sum: the longest answer would be the worst. Of a text all tokens but the first are scored. An answer
/// that does not fit the model's context with its prompt has no score.
public struct LikelihoodJudge: AnswerJudge {
    /// The method's name.
    public let method = "likelihood"
    /// The model's name.
    public let model: String?
    private let checkpoint: Checkpoint

    /// - Parameters:
    ///   - checkpoint: the model, with a tokenizer
    ///   - name: of the model
    public init(_ checkpoint: Checkpoint, name: String) { (self.checkpoint, model) = (checkpoint, name) }

    /// One line of the unfinished work: the answers of a batch.
    private struct Scored: Codable {
        /// Sum of the log-probabilities and number of tokens of each; nil for one that does not fit.
        let answers: [Sum?]

        struct Sum: Codable {
            let sum: Double
            let tokens: Int
        }
    }

    /// Judges all answers. A run that was interrupted goes on with the batch it was at.
    ///
    /// - Throws: `UserError` when the checkpoint has no tokenizer or gives no numbers, and for mistakes in the files; `Interrupted`
    public func judge(_ context: JudgeContext) throws -> Judgements {
        let tokenizer = try checkpoint.requireTokenizer()
        let length = checkpoint.decoder.configuration.contextLength
        let encoder = CorpusEncoder(
            tokenizer: tokenizer, template: checkpoint.chatTemplate ?? .roleMarkers, contextLength: length,
            scope: .assistant)
        let url = context.work.appending(path: "likelihoods.jsonl")
        let log = try AppendLog(at: url)
        var sums: [Scored.Sum?] = []
        try JSONLines(contentsOf: url).forEach { sums += try $0.decode(Scored.self).answers }
        let total = context.groups.recordCount
        context.progress(.began(stage: context.stage, total: total, unit: "answers"))
        if !sums.isEmpty {
            context.progress(.note("\(context.stage): resumed at answer \(sums.count + 1) of \(total)"))
        }
        var (batch, pending, size, tokens, skipped) = ([Window](), [Bool](), 0, 0, sums.count)
        func flush() throws {
            guard !pending.isEmpty else { return }
            let scored = Scored(answers: try score(batch, pending))
            try log.append(scored)
            sums += scored.answers
            tokens += size
            (batch, pending, size) = ([], [], 0)
            context.progress(
                .advanced(stage: context.stage, done: sums.count, tokens: tokens, loss: nil))
            try Interruption.check()
        }
        try context.reader.forEachCandidate { candidate in
            try Self.window(of: candidate, encoder)
        } then: { window in
            if skipped > 0 {
                skipped -= 1
                return
            }
            let fits = window.ids.count <= length && window.hasTargets
            if fits, size > 0, size + window.ids.count > evaluationBatchTokens { try flush() }
            pending.append(fits)
            if fits {
                batch.append(window)
                size += window.ids.count
            }
        }
        try flush()
        return Judgements(
            sums.map { sum in
                guard let sum else {
                    return Judgement(
                        unjudged:
                            "empty, or longer with its prompt than the model's context of \(length) tokens")
                }
                return Judgement(
                    score: sum.sum / Double(sum.tokens),
                    details: [OrderedJSON.Member("tokens", .integer(sum.tokens))])
            })
    }

    private static func window(of candidate: CandidateRecord, _ encoder: CorpusEncoder) throws -> Window {
        try UserError.located(in: candidate.location.file, line: candidate.location.line) {
            var record = candidate.record
            if case .chat(var messages, let tools) = record {
                // Earlier answers are context.
                for index in messages.indices { messages[index].isTrained = index == messages.count - 1 }
                record = .chat(messages, tools: tools)
            }
            let document = try encoder.document(record)
            return Window(ids: document.ids, lossMask: document.lossMask)
        }
    }

    /// The sums of some windows, nil where `pending` has none.
    private func score(_ windows: [Window], _ pending: [Bool]) throws -> [Scored.Sum?] {
        var sums: [Scored.Sum] = []
        if !windows.isEmpty {
            let values = Perplexity.negativeLogLikelihoods(
                checkpoint.decoder, TrainingBatch(windows: windows[...]))
            var start = 0
            for window in windows {
                let end = start + window.lossMask.count { $0 }
                let sum = values[start..<end].reduce(0) { $0 - Double($1) }
                guard sum.isFinite else {
                    throw UserError.nonFiniteOutput("on an answer", model: checkpoint.url.relativePath)
                }
                sums.append(.init(sum: sum, tokens: end - start))
                start = end
            }
        }
        var rest = sums.makeIterator()
        return pending.map { $0 ? rest.next() : nil }
    }
}
