import Corpora
import Foundation
import Generation
import Support
import Tokenization

/// Makes a signal cache from the log-probabilities that an endpoint returned with its answers, without asking it again.
///
///     let synthesis = try Synthesis(endpoint: endpoint, options: .init(sampling: .init(), topLogprobs: 20))
///     try synthesis.run(prompts: prompts, into: corpus)
///     let job = RecordedLabelingJob(
///         endpoint: endpoint, tokenizer: student.tokenizer, template: template, k: 20, context: 256)
///     try job.run(CorpusReader([corpus]), into: directory)
///
/// The way for teachers whose API gives log-probabilities of generated tokens alone, as OpenAI's does. The corpus may have been
/// filtered, divided or shuffled since. The endpoint's model has the student's tokenizer.
///
/// Where the API returns no distribution, the signal is the corpus's own token, as in sequence-level distillation: at tokens of turns that the
/// endpoint did not write, where the tokenizer divides an answer otherwise than the model did, and at the ends of answers that an API
/// leaves out. They are counted.
public struct RecordedLabelingJob {
    private let texts: TokenTexts
    private let encoder: CorpusEncoder
    private let origin: SignalManifest.Origin
    private let model: String
    private let k: Int

    /// Positions of a cache.
    public struct Summary: Equatable, Sendable {
        /// All of them.
        public var positions = 0
        /// Those whose signal is the corpus's own token, since there is no distribution.
        public var ownTokens = 0
        /// Those of answers, ends not counted, at which the tokenizer divides the text otherwise than the model did.
        var otherTokens = 0

        /// The summary for people; nil where every position has a distribution.
        public var part: String? {
            ownTokens == 0
                ? nil : "\(ownTokens) positions without a distribution: the corpus's own token there"
        }

        static func += (left: inout Summary, right: Summary) {
            left.positions += right.positions
            left.ownTokens += right.ownTokens
            left.otherTokens += right.otherTokens
        }
    }

    /// What a record must hold beside its turns.
    private struct Recorded: Decodable {
        struct Meta: Decodable { let model: String }
        let logprobs: [AnswerLogprobs]?
        let meta: Meta?
    }

    /// A document with its signals.
    private typealias Labeled = (record: SignalRecord, summary: Summary)

    /// Models sample another division of a text than their tokenizer chooses at a few positions in a thousand; more are another tokenizer's.
    private static let mostOtherTokens = 0.1

    /// - Parameters:
    ///   - endpoint: the model that generated the answers
    ///   - tokenizer: the student's, which the model shares
    ///   - template: renders chats; nil for role markers
    ///   - k: the most tokens of a distribution that are stored
    ///   - context: the most tokens of a document
    public init(
        endpoint: Endpoint, tokenizer: Tokenizer, template: ChatTemplate?, k: Int, context: Int
    ) {
        let template = template ?? .roleMarkers
        texts = TokenTexts(tokenizer)
        encoder = CorpusEncoder(
            tokenizer: tokenizer, template: template, contextLength: context, scope: .assistant)
        origin = SignalManifest.Origin(
            endpoint: endpoint,
            fingerprint: Fingerprint(hashing: "recorded", endpoint.fingerprint.hexadecimal),
            tokenizer: tokenizer,
            template: template, k: k)
        (model, self.k) = (endpoint.model, k)
    }

    /// Labels a corpus. Every record is checked before the first one is written.
    ///
    /// - Parameters:
    ///   - reader: chats with `logprobs`
    ///   - directory: of the signal cache; it may hold an unfinished one of the same job
    ///   - progress: receives the documents done
    /// - Returns: the manifest of the finished cache, and how many positions have a distribution
    /// - Throws: `UserError` with file and line of a record without log-probabilities, of another model, or whose text was changed; when
    ///   the tokenizer is another than the model's; and as `LabelingJob`; `Interrupted`
    @discardableResult
    public func run(
        _ reader: CorpusReader, into directory: URL, progress: ProgressHandler? = nil
    ) throws -> (manifest: SignalManifest, summary: Summary) {
        try Interruption.saving {
            var keys = DistinctKeys()
            var summary = Summary()
            try reader.forEachCandidate(label) { labeled in
                if let labeled, keys.insert(labeled.record.key) { summary += labeled.summary }
            }
            try require(summary)
            let writer = try SignalWriter(
                directory: directory, origin: origin, documents: keys.name, count: keys.count,
                shardDocuments: LabelingJob.shardDocuments)
            let manifest = try writer.finishing(progress) { try write(reader, to: writer, $0) }
            return (manifest, summary)
        }
    }

    /// Writes the signals of the documents that are not written yet.
    private func write(_ reader: CorpusReader, to writer: SignalWriter, _ advance: (Int) -> Void) throws {
        var passed = DistinctKeys()
        try reader.forEachCandidate(label) { labeled in
            guard let labeled, passed.insert(labeled.record.key), passed.count > writer.count else { return }
            try writer.append([labeled.record])
            advance(labeled.record.ids.count)
            try writer.closeShardIfWhole()
        }
    }

    private func require(_ summary: Summary) throws {
        guard summary.positions > 0 else {
            throw UserError(
                "no token of the corpus is a target", hint: "give chats that fit into the context")
        }
        guard Double(summary.otherTokens) <= Self.mostOtherTokens * Double(summary.positions) else {
            throw UserError(
                "\(summary.otherTokens) of \(summary.positions) positions of the answers are other tokens than those of \(model)",
                hint: "its tokenizer is another; train on the text of its answers, without signals")
        }
    }

    /// The signals of a record; nil for one without a target.
    private func label(_ candidate: CandidateRecord) throws -> Labeled? {
        let (file, line) = (candidate.location.file, candidate.location.line)
        func fault(_ problem: String, hint: String) -> UserError {
            UserError(problem, file: file, line: line, hint: hint)
        }
        guard let recorded = try candidate.decode(Recorded.self), let answers = recorded.logprobs,
            !answers.isEmpty
        else {
            throw fault(
                "a record without \"logprobs\"",
                hint:
                    "generate with top_logprobs, or leave out recorded and ask the endpoint for those of the corpus"
            )
        }
        if let found = recorded.meta?.model, found != model {
            throw fault(
                "an answer of \(found), not of \(model)", hint: "name the model that wrote the corpus")
        }
        return try UserError.located(in: file, line: line) {
            let (documents, isLong) = try encoder.parts(of: candidate.record)
            guard let document = documents.first else { return nil }
            let labeled = try label(document, answers)
            // The answer itself may be beyond the context.
            guard labeled.isFound || isLong else {
                throw fault(
                    "no turn has the text of its \"logprobs\"",
                    hint:
                        "the record was changed after it was generated, or the chat template writes answers otherwise"
                )
            }
            return (labeled.record, labeled.summary)
        }
    }

    /// The signals of a document, and whether one of the answers was found in it.
    private func label(
        _ document: EncodedDocument, _ answers: [AnswerLogprobs]
    ) throws -> (record: SignalRecord, summary: Summary, isFound: Bool) {
        let rows = document.student.rowsBeforeTargets
        var summary = Summary(positions: rows.count)
        var answers = answers[...]
        var found: [Int32: AnswerLogprobs.Entries] = [:]
        var isFound = false
        // The endpoint's answers are the last turns.
        for turn in rows.consecutiveRuns.reversed() {
            let ids = turn.map { document.ids[Int($0) + 1] }
            for index in answers.indices.reversed() {
                guard let entries = try answers[index].entries(at: ids, texts) else { continue }
                for (row, known) in zip(turn, entries) { found[row] = known }
                isFound = true
                answers = answers[..<index]
                summary.otherTokens += zip(ids, entries).count {
                    $1 == nil && texts.tokenizer.kind(of: $0) != .control
                }
                break
            }
        }
        var scores = PromptScores()
        for row in rows {
            if let entries = found[row] {
                scores.append(entries, k: k)
            } else {
                scores.append([document.ids[Int(row) + 1]: 0], k: k)
                summary.ownTokens += 1
            }
        }
        return (SignalRecord(document, scores), summary, isFound)
    }
}

extension [Int32] {
    /// The longest slices of numbers that follow each other.
    fileprivate var consecutiveRuns: [ArraySlice<Int32>] {
        var runs: [ArraySlice<Int32>] = []
        var start = startIndex
        for index in indices where index + 1 == endIndex || self[index + 1] != self[index] + 1 {
            runs.append(self[start...index])
            start = index + 1
        }
        return runs
    }
}
