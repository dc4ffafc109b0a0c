import Foundation
import Generation
import Signals
import Transformer

extension LabelStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let shape = estimator.configuration(of: model)
        let corpus = estimator.extent(of: corpus, documents: documents)
        let positions = lossOn == .assistant ? corpus.targets : corpus.tokens
        // Of corpora one by one: they differ in how certain a teacher is.
        var (ids, bytes) = (0.0, 0.0)
        for reference in self.corpus {
            let part = estimator.extent(of: reference, documents: self.documents)
            // A user's question is open text to the teacher, even in a small world.
            let asked = lossOn == .assistant ? 0 : max(0, part.tokens - part.targets)
            for (count, certainty) in [
                (part.targets, certainty(of: part, shape, estimator)), (asked, .openText),
            ] {
                ids += count * signal.kind.expectedIDs(certainty)
                bytes += count * signal.kind.expectedBytes(certainty, idBytes: idBytes(shape))
            }
        }
        let entries = ids / max(positions, 1)
        let hidden = Double(hidden.count) * Double(shape?.width ?? 0)
        // Until its shard is written each position has lists of its own, 16 bytes an entry as they grow, and hidden states as
        // Float32 and once more as they are put together. Measured with 4 to 50 entries a position.
        let documents = Double(
            self.hidden.isEmpty ? LabelingJob.shardDocuments : LabelingJob.shardDocumentsWithHidden)
        let densest = lossOn == .assistant ? corpus.densestTargetFraction : 1
        let pending =
            min(positions, documents * corpus.mean * densest) * (100 + 16 * entries + 8 * hidden)
        let rows = min(corpus.tokens, CostEstimator.passTokens)
        if let endpoint {
            return estimate(
                endpoint.endpoint, corpus,
                requests: isRecorded ? 0 : isPerToken ? positions : corpus.records,
                memoryBytes: CostEstimator.processBytes + pending,
                diskBytes: (idBytes(shape) + 0.125) * corpus.tokens + 20 * corpus.records + bytes
                    + Self.journalBytes * ids)
        }
        return CostEstimate(
            seconds: estimator.seconds(
                corpus.tokens * (shape?.cost.forwardOperations ?? 0), rate: CostEstimator.labellingRate),
            memoryBytes: estimator.computingBytes + estimator.loaded(model)
                + estimator.passes(shape, rows, of: corpus, context: contextLength)
                + estimator.logits(shape, rows * densest) + pending,
            // A token has its id and a bit, a document its key and its length.
            diskBytes: (idBytes(shape) + 0.125) * corpus.tokens + 20 * corpus.records + bytes
                + 2 * hidden * positions)
    }

    /// Of an entry in the journal of an endpoint's answers: an id and a logarithm as text.
    private static let journalBytes = 18.0

    /// One token is generated for each request; three more find what the endpoint gives. Without a request all is in the corpus.
    private func estimate(
        _ endpoint: Endpoint, _ corpus: CorpusExtent, requests: Double, memoryBytes: Double, diskBytes: Double
    ) -> CostEstimate {
        // About a second for each, as measured with a small model on two cores; it depends on the server.
        var estimate = CostEstimate(
            seconds: requests / Double(endpoint.concurrency), memoryBytes: memoryBytes,
            diskBytes: diskBytes)
        if requests == 0 { return estimate }
        estimate.requests = min(requests + 3, endpoint.budget.requests.map(Double.init) ?? .infinity)
        estimate.money = endpoint.prices.map { prices in
            min(
                requests * (corpus.mean * prices.input + prices.output) / 1e6,
                endpoint.budget.cost ?? .infinity)
        }
        return estimate
    }

    private func idBytes(_ shape: Configuration?) -> Double {
        shape?.vocabularySize ?? 0 > 1 << 16 ? 4 : 2
    }

    private func certainty(
        of corpus: CorpusExtent, _ shape: Configuration?, _ estimator: CostEstimator
    ) -> TeacherCertainty {
        if shape?.vocabularySize ?? 0 > TeacherCertainty.largestSmallWorld { return .openText }
        if estimator.beginsAtRandom(model) { return .newlyTrained }
        return lossOn == .assistant && !corpus.hasTexts ? .knownAnswers : .knownText
    }
}

/// How certain a teacher is of a text: a guess, since it is not known before labelling. The size of the vocabulary indicates how
/// varied the teacher's texts are: with a small one, a trained teacher predicts answers almost with certainty, stories less.
///
/// The value is a power: n draws give n^power different ids. Measured with `data/teacher`, the specialists of
/// `teachers.yaml`, and Gemma 3 270M.
private enum TeacherCertainty: Double {
    case knownAnswers = 0.02
    case knownText = 0.29
    case newlyTrained = 0.4
    case openText = 0.7

    static let largestSmallWorld = 8192
}

extension SparseKind {
    /// Token ids that a position stores.
    fileprivate func expectedIDs(_ certainty: TeacherCertainty) -> Double {
        switch self {
        case .topK(let k): Double(k)
        // Beside a head one token at least is drawn.
        case .sampled(let head, let draws): pow(Double(draws), certainty.rawValue) + (head > 0 ? 1 : 0)
        }
    }

    /// Bytes that a position stores: those of its ids, and its own (see `SignalShard`).
    fileprivate func expectedBytes(_ certainty: TeacherCertainty, idBytes: Double) -> Double {
        switch self {
        case .topK(let k): return Double(k) * (idBytes + 2) + 2
        case .sampled(let head, let draws):
            func countBytes(_ most: Int) -> Double { most > 0xFF ? 2 : 1 }
            let ids = expectedIDs(certainty)
            let exact = min(Double(head), ids / 2)
            return exact * (idBytes + 2) + (ids - exact) * (idBytes + countBytes(draws))
                + 4 + countBytes(head) + countBytes(draws)
        }
    }
}
