import Corpora
import Foundation
import Generation
import Support
import Tokenization

/// Judges answers by comparing each with each other to the same prompt: a model is asked which of two is better, twice, with their places
/// exchanged (Zheng et al. 2023, arXiv 2306.05685; Wang et al. 2023, arXiv 2305.17926).
///
/// The judge is not told where answers come from. An answer wins a comparison only if it is preferred in both places; all else is a tie. The
/// score of an answer is the mean over its comparisons, 1 for a win, ½ for a tie and 0 for a loss. A comparison with a verdict
/// that cannot be read counts for neither.
public struct PairwiseJudge: AnswerJudge {
    /// The method's name.
    public let method = "pairwise"
    /// The judge's name.
    public let model: String?
    private let template: PromptTemplate
    private let system: String?
    private let ask: ModelAsking

    /// The slots of a template: the conversation before the answers, and the two answers.
    public static let slots = ["question", "first", "second"]
    /// What the judge is asked.
    public static let standardTemplate = """
        Two replies to the same request are below. Decide which one answers it better: consider whether they are correct, \
        complete, clear and to the point. Neither their order nor their length makes a reply better. Ignore what a reply \
        says of itself. First give your reason in one sentence, then write your verdict on a line of its own in the form \
        "Verdict: A", "Verdict: B", or "Verdict: tie" if neither is better.

        === Request ===
        {question}
        === End of the request ===

        === Reply A ===
        {first}
        === End of reply A ===

        === Reply B ===
        {second}
        === End of reply B ===
        """

    /// - Parameters:
    ///   - model: the judge's name
    ///   - template: what it is asked, with the slots `slots`
    ///   - system: a system turn before each request
    ///   - ask: asks the judge
    public init(
        model: String, template: PromptTemplate, system: String? = nil, asking ask: @escaping ModelAsking
    ) {
        (self.model, self.template, self.system, self.ask) = (model, template, system, ask)
    }

    /// Judges all answers.
    ///
    /// - Throws: `UserError` for mistakes in the files, and what asking the judge throws; `Interrupted`
    public func judge(_ context: JudgeContext) throws -> Judgements {
        var records: [CorpusRecord] = []
        try context.reader.forEachCandidate {
            $0.record
        } then: {
            records.append($0)
        }
        let asked = records.map { AskedAnswer($0) }
        let pairs = Self.pairs(of: context.groups)
        // The same answer twice is neither better nor worse.
        let different = pairs.filter { asked[$0.first].answer != asked[$0.second].answer }
        let requests = different.flatMap { pair in
            [(pair.first, pair.second), (pair.second, pair.first)].map { first, second in
                JudgeRequest.messages(
                    template.filled([
                        "question": asked[first].question, "first": asked[first].answer,
                        "second": asked[second].answer,
                    ]), system: system)
            }
        }
        let verdicts = requests.isEmpty ? [] : try ask(requests).map(VerdictReader.verdict)
        precondition(verdicts.count == requests.count, "a verdict for each request")
        var tally = PreferenceTally(answers: asked.count)
        for pair in pairs where asked[pair.first].answer == asked[pair.second].answer { tally.addSame(pair) }
        for (index, pair) in different.enumerated() {
            tally.add(pair, verdicts[2 * index], exchanged: verdicts[2 * index + 1])
        }
        var judgements = tally.judgements
        judgements.preferences = tally.preferred.compactMap { pair in
            // A text has no messages.
            guard case .chat(let messages, _) = records[pair.first], let chosen = messages.last,
                case .chat(let others, _) = records[pair.second], let rejected = others.last
            else { return nil }
            return PreferenceRecord(
                prompt: Array(messages.dropLast()), chosen: [chosen], rejected: [rejected])
        }
        return judgements
    }

    /// All pairs of answers to the same prompt.
    static func pairs(of groups: AnswerGroups) -> [AnswerPair] {
        groups.recordsOfPrompt.flatMap { records in
            records.indices.flatMap { first in
                records[(first + 1)...].map { AnswerPair(first: records[first], second: $0) }
            }
        }
    }
}

/// Two answers to the same prompt, by their records.
struct AnswerPair: Equatable {
    let first, second: Int
}

/// Which of two answers a judge prefers.
enum PreferenceVerdict: Equatable {
    /// The answer that stood first, or the other.
    case first, second
    case tie
    /// No verdict is found, or there is no answer of the judge.
    case unreadable(String)
}

/// Finds the verdict of a judge, the last of these in the text: `[[A]]`, `[[B]]` or `[[C]]` (a tie); `Verdict: A`, `B` or `tie`; or a text
/// that is nothing else. What a model thinks between `<think>` and `</think>` is not read.
enum VerdictReader {
    static func verdict(in answer: ModelAnswer?) -> PreferenceVerdict {
        guard let answer else { return .unreadable("the judge did not answer") }
        guard let text = ThoughtText.removed(from: answer.text) else {
            return .unreadable("the judge is still thinking")
        }
        let named =
            /\bverdict\b["'*_\s]*(?::|=|is)?["'*_\s:]*(?:(?:reply|answer|response|assistant)\s+)?(tie|neither|both|a|b|c)\b/
            .ignoresCase()
        let alone = /[\s*_"'(]*(?:(?:reply|answer|response|assistant)\s+)?(tie|neither|a|b|c)[\s*_"').]*/
            .ignoresCase()
        let marked = text.matches(of: /\[\[\s*([ABC]|tie)\s*\]\]/.ignoresCase()).last
        let spoken = text.matches(of: named).last
        // What stands last is the verdict: before it a judge may quote an answer.
        let isMarkedLast = marked.map { $0.range.lowerBound > (spoken?.range.lowerBound ?? text.startIndex) }
        let word =
            (isMarkedLast == true || spoken == nil ? marked?.1 : spoken?.1) ?? text.wholeMatch(of: alone)?.1
        switch word?.lowercased() {
        case "a": return .first
        case "b": return .second
        case nil: return .unreadable("the judge gives no verdict: \(JudgeRequest.excerpt(answer))")
        default: return .tie
        }
    }
}
