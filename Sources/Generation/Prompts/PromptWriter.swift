import Foundation
import Tokenization

/// A way to have a model write prompts: what it is asked, and how its answers are read.
public protocol PromptWriter: Sendable {
    /// What the model is asked, in order.
    var requests: [[Message]] { get }
    /// The prompts in an answer.
    ///
    /// - Parameters:
    ///   - answer: what the model wrote
    ///   - isWhole: whether the answer ended by itself; else its last line may be a part of one
    ///   - request: the index of the request
    func prompts(in answer: String, isWhole: Bool, to request: Int) -> [PromptRecord]
}

/// Prompts that a model wrote, without those that are too short and those that were there before.
public struct WrittenPrompts: Sendable {
    /// What was kept and what was not.
    public struct Counts: Equatable, Sendable {
        /// Answers of the model.
        public var answers = 0
        /// Prompts that were kept.
        public var kept = 0
        /// Answers in which no prompt was found.
        public var answersWithoutPrompt = 0
        /// Prompts with fewer words than are wanted.
        public var tooShort = 0
        /// Prompts that are like an earlier one.
        public var similar = 0
    }

    /// Prompts with fewer words are left out.
    private let leastWords: Int
    private var novelty: PromptNovelty
    /// The prompts, in the order in which they were written.
    public private(set) var prompts: [PromptRecord] = []
    /// What was kept and what was not.
    public private(set) var counts = Counts()

    /// - Parameters:
    ///   - earlier: prompts that are not to be written again
    ///   - leastWords: prompts with fewer words are left out
    ///   - similarity: the greatest ROUGE-L F-measure with an earlier prompt; 1 leaves out those with the same words
    public init(earlier: [PromptRecord] = [], leastWords: Int = 3, similarity: Double) {
        self.leastWords = leastWords
        novelty = PromptNovelty(similarity: similarity)
        for prompt in earlier { _ = novelty.add(prompt.question) }
    }

    /// Adds the prompts of an answer.
    public mutating func add(_ answer: String, isWhole: Bool, to request: Int, of writer: some PromptWriter) {
        counts.answers += 1
        let found = writer.prompts(in: answer, isWhole: isWhole, to: request)
        if found.isEmpty { counts.answersWithoutPrompt += 1 }
        for prompt in found {
            guard PromptNovelty.words(of: prompt.question).count >= leastWords else {
                counts.tooShort += 1
                continue
            }
            if novelty.add(prompt.question) {
                prompts.append(prompt)
                counts.kept += 1
            } else {
                counts.similar += 1
            }
        }
    }
}

extension WrittenPrompts {
    /// Adds the prompts of all answers in a file that `Synthesis` has written from a writer's requests.
    ///
    /// - Throws: `UserError` with file and line for what is not such an answer
    public mutating func add(answersIn url: URL, of writer: some PromptWriter) throws {
        try ModelAnswer.forEach(in: url) { request, answer in
            add(answer.text, isWhole: answer.isWhole, to: request, of: writer)
        }
    }
}
