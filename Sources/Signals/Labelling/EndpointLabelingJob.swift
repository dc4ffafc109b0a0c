import Corpora
import Foundation
import Generation
import Support
import Tokenization

/// Labels a corpus with a teacher behind an API: asks for the probabilities of every document's tokens and writes them to a signal cache.
///
///     var endpoint = Endpoint(address: try EndpointAddress("http://127.0.0.1:8000/v1"), model: "teacher")
///     let job = try EndpointLabelingJob(
///         endpoint: endpoint, tokenizer: student.tokenizer, template: template, k: 20, scope: .assistant, context: 256)
///     try job.run(CorpusReader([corpus]), into: directory, journal: URL(filePath: "signals.answers"))
///
/// The endpoint's model has the student's tokenizer, and its server gives log-probabilities of prompts: `prompt_logprobs` (vLLM) or `echo`
/// with `logprobs` (llama-cpp-python and others). The signals are top-k signals at temperature 1. Tokens that a server names by a text that
/// others have too, and those beyond k, are in the tail. Before the first document a few requests find what the server gives.
///
/// A document is one request, or, with `isPerToken`, as many as it has targets (llama.cpp's server, whose prompt cache makes them cheap). Answers are kept in the journal as they arrive, so that none is paid for twice; an interrupted job
/// continues where it stopped.
public struct EndpointLabelingJob {
    private let scorer: EndpointScorer
    private let encoder: CorpusEncoder
    private let origin: SignalManifest.Origin
    private let shard: Shard?

    /// - Parameters:
    ///   - endpoint: the teacher
    ///   - tokenizer: the student's, which the teacher shares
    ///   - template: renders chats; nil for role markers
    ///   - k: the tokens of a distribution that are stored
    ///   - scope: which tokens of chats are targets
    ///   - context: the most tokens of a document
    ///   - isPerToken: whether each distribution is asked for by a request of its own, from servers that give those of generated tokens alone
    ///   - shard: the part of the corpus that is labelled, after duplicates are left out; nil for all. `SignalMerge` joins the caches
    /// - Throws: `UserError` when an environment variable with a key is missing
    public init(
        endpoint: Endpoint, tokenizer: Tokenizer, template: ChatTemplate?, k: Int, scope: TargetScope,
        context: Int, isPerToken: Bool = false, shard: Shard? = nil
    ) throws {
        self.shard = shard
        let template = template ?? .roleMarkers
        scorer = try EndpointScorer(endpoint: endpoint, tokenizer: tokenizer, k: k, isPerToken: isPerToken)
        encoder = CorpusEncoder(
            tokenizer: tokenizer, template: template, contextLength: context, scope: scope)
        origin = SignalManifest.Origin(
            endpoint: endpoint, fingerprint: endpoint.onCompletions.fingerprint, tokenizer: tokenizer,
            template: template, k: k)
    }

    /// Tokenizes a corpus and labels it.
    ///
    /// - Parameters:
    ///   - reader: the corpus
    ///   - directory: of the signal cache; it may hold an unfinished one of the same job
    ///   - journal: the file of the answers
    ///   - scratch: where the tokenized corpus is stored meanwhile
    ///   - progress: receives the documents done
    /// - Returns: the manifest of the finished cache, and what was asked; nil for a cache that was finished before
    /// - Throws: `UserError` when the endpoint gives no probabilities of prompts or reads other tokens, when a budget ends the run, and as
    ///   `LabelingJob`; `Interrupted`
    @discardableResult
    public func run(
        _ reader: CorpusReader, into directory: URL, journal: URL, scratch: URL = .temporaryDirectory,
        progress: ProgressHandler? = nil
    ) throws -> (manifest: SignalManifest, endpoint: EndpointSummary?) {
        try run(encoder.encode(reader, in: scratch), into: directory, journal: journal, progress: progress)
    }

    /// Labels an encoded corpus.
    @discardableResult
    func run(
        _ corpus: EncodedCorpus, into directory: URL, journal: URL, progress: ProgressHandler? = nil
    ) throws -> (manifest: SignalManifest, endpoint: EndpointSummary?) {
        let distinct = try DistinctDocuments(of: corpus)
        let range = shard?.range(of: distinct.indices.count) ?? 0..<distinct.indices.count
        let documents = Array(distinct.indices[range])
        let writer = try SignalWriter(
            directory: directory, origin: origin, documents: distinct.name, count: documents.count,
            shardDocuments: LabelingJob.shardDocuments, corpusShard: shard, start: range.lowerBound)
        var summary: EndpointSummary?
        let manifest = try writer.finishing(progress) { advance in
            summary = try scorer.run(
                writer.count..<documents.count,
                prompt: { number in
                    let document = try corpus.document(documents[number])
                    return (document.ids, document.student.rowsBeforeTargets)
                }, journal: journal, stage: "label", progress: progress
            ) { scores in
                let document = try corpus.document(documents[writer.count])
                try writer.append([SignalRecord(document, scores)])
                advance(document.ids.count)
                try writer.closeShardIfWhole()
            }
        }
        return (manifest, summary)
    }
}

extension SignalManifest.Origin {
    /// A teacher behind an API, which gives the most probable tokens at temperature 1.
    init(
        endpoint: Endpoint, fingerprint: Fingerprint, tokenizer: Tokenizer, template: ChatTemplate, k: Int
    ) {
        self.init(
            teacher: "\(endpoint.model) at \(endpoint.address)", teacherFingerprint: fingerprint,
            tokenizerFingerprint: Fingerprint(of: tokenizer.serializedModel), template: template.identity,
            vocabularySize: tokenizer.vocabularySize, kind: .topK(k: k), temperature: 1, seed: 0,
            piecesFingerprint: tokenizer.piecesFingerprint)
    }
}

extension SignalRecord {
    /// A document and what an endpoint says of it.
    init(_ document: EncodedDocument, _ scores: PromptScores) {
        self.init(
            key: RecordKey(document), ids: document.ids, positions: document.student.rowsBeforeTargets,
            entries: zip(scores.ids, scores.logProbabilities).map { ids, logs in
                let probabilities = logs.map { Foundation.exp($0) }
                let sum = probabilities.reduce(0) { $0 + Double($1) }
                return PositionEntries(ids: ids, probabilities: probabilities, tail: Float(max(0, 1 - sum)))
            })
    }
}
