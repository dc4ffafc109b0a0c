import Foundation
import Support

/// What a judge did to a corpus.
public struct JudgeReport: Codable, Equatable, Sendable {
    /// An answer that could not be judged.
    public struct Example: Codable, Equatable, Sendable {
        /// Where the record is written.
        public let file: String
        /// The one-based line.
        public let line: Int
        /// Why it has no score.
        public let reason: String
    }

    /// The method: likelihood, checker, majority, score or pairwise.
    public let method: String
    /// The model that judged.
    public let model: String?
    /// Answers.
    public let records: Int
    /// Prompts that they answer.
    public let prompts: Int
    /// Answers with a score.
    public internal(set) var judged = 0
    /// Answers that could not be judged; they have no score.
    public internal(set) var unjudged = 0
    /// The first of those.
    public internal(set) var examples: [Example] = []
    /// Answers that were left out since their score is too low.
    public internal(set) var below = 0
    /// Prompts of which no answer is left.
    public internal(set) var promptsWithoutAnswer = 0
    /// Prompts with several answers of the best score; the first of them was taken.
    public internal(set) var tiedPrompts = 0
    /// Answers that were written.
    public internal(set) var kept = 0
    /// Mean score of the judged answers, and of those written.
    public internal(set) var meanScore, meanKeptScore: Double?
    /// How many answers have each score; only where scores are whole numbers.
    public internal(set) var scores: [String: Int]?
    /// What the method counts.
    public let counts: [String: Double]

    enum CodingKeys: String, CodingKey {
        case method, model, records, prompts, judged, unjudged, examples, below, kept, scores, counts
        case promptsWithoutAnswer = "prompts_without_answer"
        case tiedPrompts = "tied_prompts"
        case meanScore = "mean_score"
        case meanKeptScore = "mean_kept_score"
    }

    /// The most examples.
    static let mostExamples = 5
    /// The most different scores that are listed.
    static let mostScores = 100

    /// The report as JSON.
    ///
    /// - Throws: what the encoder throws
    public func json() throws -> Data { try JSONEncoder.stablePretty.encode(self) + Data("\n".utf8) }

    /// Counts for a summary line, the most important first.
    public var parts: [String] {
        var parts = ["\(kept) of \(records) answers to \(prompts) prompts kept"]
        if unjudged > 0 {
            let reason = examples.first.map { " (the first: \($0.reason))" } ?? ""
            parts.append("\(unjudged) not judged\(reason)")
        }
        if below > 0 { parts.append("\(below) with too low a score") }
        if promptsWithoutAnswer > 0 { parts.append("\(promptsWithoutAnswer) prompts left without an answer") }
        if tiedPrompts > 0 { parts.append("\(tiedPrompts) prompts with a tie") }
        if let meanScore, let meanKeptScore {
            parts.append(String(format: "mean score %.3g, of those kept %.3g", meanScore, meanKeptScore))
        }
        return parts
    }
}
