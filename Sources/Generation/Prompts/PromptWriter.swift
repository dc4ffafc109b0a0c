import Foundation
import Support
import Tokenization
import Transformer

/// A way to have a model write prompts: what it is asked, and how its answers are read.
public protocol PromptWriter: Sendable {
    /// What the model is asked, in order.
    var requests: [[Message]] { get }
    /// How a request is put.
    func question(_ request: [Message]) -> SynthesisPrompt.Question
    /// The prompts in an answer.
    ///
    /// - Parameters:
    ///   - answer: what the model wrote
    ///   - isWhole: whether the answer ended by itself; else its last line may be a part of one
    ///   - request: the index of the request
    func prompts(in answer: String, isWhole: Bool, to request: Int) -> [PromptRecord]
}

extension PromptWriter {
    /// As a chat, which the model answers.
    public func question(_ request: [Message]) -> SynthesisPrompt.Question { .chat(request) }

    /// The prompts that are to be answered.
    public var questions: [SynthesisPrompt] { requests.map { SynthesisPrompt(question($0)) } }
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
    private var novelty: PromptNovelty?
    /// The prompts, in the order in which they were written.
    public private(set) var prompts: [PromptRecord] = []
    /// What was kept and what was not.
    public private(set) var counts = Counts()

    /// - Parameters:
    ///   - earlier: prompts that are not to be written again
    ///   - leastWords: prompts with fewer words are left out
    ///   - similarity: the greatest ROUGE-L F-measure with an earlier prompt; 1 leaves out those with the same words, nil none
    public init(earlier: [PromptRecord] = [], leastWords: Int = 3, similarity: Double?) {
        self.leastWords = leastWords
        novelty = similarity.map { PromptNovelty(similarity: $0) }
        for prompt in earlier { _ = novelty?.add(prompt.question) }
    }

    /// Adds the prompts of an answer.
    ///
    /// - Parameter provenance: how the answer was written, kept in the prompts
    public mutating func add(
        _ answer: String, isWhole: Bool, to request: Int, of writer: some PromptWriter,
        provenance: OrderedJSON? = nil
    ) {
        counts.answers += 1
        let found = writer.prompts(in: answer, isWhole: isWhole, to: request)
        if found.isEmpty { counts.answersWithoutPrompt += 1 }
        for prompt in found {
            guard PromptNovelty.words(of: prompt.question).count >= leastWords else {
                counts.tooShort += 1
                continue
            }
            if novelty?.add(prompt.question) ?? true {
                prompts.append(provenance.map { prompt.adding("written", $0) } ?? prompt)
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
        try ModelAnswer.forEachRecord(in: url) { meta, answer in
            add(
                answer.text, isWhole: answer.isWhole, to: meta.prompt, of: writer,
                provenance: try meta.provenance())
        }
    }
}

extension SyntheticRecord.Meta {
    /// The model, where it is, how it was sampled, and which request of the writer this answers.
    fileprivate func provenance() throws -> OrderedJSON {
        struct Provenance: Encodable {
            let model: String
            let endpoint: String?
            let seed: UInt64
            let request: Int
            let sampling: SamplingOptions
        }
        return try OrderedJSON(
            JSONEncoder.stable.encode(
                Provenance(model: model, endpoint: endpoint, seed: seed, request: prompt, sampling: sampling)),
            name: "meta")
    }
}
