import Corpora
import Foundation
import Generation
import Support
import Tokenization

/// What a judge finds of an answer.
public struct Judgement: Equatable, Sendable {
    /// How good the answer is, higher is better; nil where it cannot be judged.
    public var score: Double?
    /// Why it has no score, or a low one; for a reader.
    public var reason: String?
    /// What answers with the same score must have in common not to be tied, such as an extracted answer; nil where any two
    /// answers with the same score are tied.
    public var choice: String?
    /// What else is written to the record's `meta.judge`.
    public var details: [OrderedJSON.Member]

    /// A judgement with a score.
    public init(
        score: Double, choice: String? = nil, reason: String? = nil, details: [OrderedJSON.Member] = []
    ) {
        (self.score, self.choice, self.reason, self.details) = (score, choice, reason, details)
    }

    /// An answer that cannot be judged.
    public init(unjudged reason: String) {
        (score, self.reason, choice, details) = (nil, reason, nil, [])
    }
}

/// What a judge finds of all answers of a corpus.
public struct Judgements: Sendable {
    /// One for each record, in order.
    public var answers: [Judgement]
    /// What the method counts beside them, for the report.
    public var counts: [String: Double]
    /// Counts for a summary line.
    public var parts: [String]
    /// The comparisons that one answer wins, where answers are compared.
    public var preferences: [PreferenceRecord] = []

    /// Judgements.
    public init(_ answers: [Judgement], counts: [String: Double] = [:], parts: [String] = []) {
        (self.answers, self.counts, self.parts) = (answers, counts, parts)
    }
}

/// Where a judge works.
public struct JudgeContext {
    /// The corpus.
    public var reader: CorpusReader
    /// Its answers by prompt.
    public var groups: AnswerGroups
    /// A directory for unfinished work, which survives an interruption.
    public var work: URL
    /// The name in progress events.
    public var stage: String
    /// Receives progress.
    public var progress: ProgressHandler

    /// A context.
    public init(
        reader: CorpusReader, groups: AnswerGroups, work: URL, stage: String = "judge",
        progress: @escaping ProgressHandler = { _ in }
    ) {
        (self.reader, self.groups, self.work) = (reader, groups, work)
        (self.stage, self.progress) = (stage, progress)
    }
}

/// A way of judging the answers of a corpus.
public protocol AnswerJudge {
    /// The name in reports and records.
    var method: String { get }
    /// The name of the model that judges; nil where none does.
    var model: String? { get }
    /// Judges all answers.
    ///
    /// - Throws: `UserError` for mistakes in the files and in the model's checkpoint; `Interrupted`
    func judge(_ context: JudgeContext) throws -> Judgements
}

extension AnswerJudge {
    /// None.
    public var model: String? { nil }
}

/// Asks a model, and returns its answers in the order of the requests; nil for a request without one.
public typealias ModelAsking = (_ requests: [[Message]]) throws -> [ModelAnswer?]
