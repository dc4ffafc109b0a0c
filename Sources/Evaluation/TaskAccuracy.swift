import Checkpoints
import Corpora
import Distillation
import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// A question with every answer that counts as right.
///
/// One line of a task file: `{"messages": [… , {"role": "user", …}], "answers": ["…", …]}`.
public struct TaskQuestion: Codable, Equatable, Sendable {
    public let messages: [Message]
    public let answers: [String]

    /// Reads a task file.
    ///
    /// - Parameter limit: only the first questions; nil for all
    /// - Throws: `UserError` with file and line
    public static func read(_ url: URL, limit: Int? = nil) throws -> [TaskQuestion] {
        var questions: [TaskQuestion] = []
        try JSONLines(contentsOf: url).forEach { line in
            guard questions.count < limit ?? .max else { return }
            let question = try line.decode(TaskQuestion.self)
            guard question.messages.last?.role == .user else {
                throw line.error(
                    "\"messages\" does not end with a user's turn", remedy: "leave the answer out")
            }
            guard !question.answers.isEmpty else { throw line.error("\"answers\" is empty") }
            questions.append(question)
        }
        guard !questions.isEmpty else {
            throw UserError("holds no question", file: url.relativePath, status: .noInput)
        }
        return questions
    }
}

/// How often a model's greedy answer is right: one of those accepted, to the letter (white space at the ends aside), or what
/// another rule says.
public struct TaskAccuracy: Codable, Equatable, Sendable {
    public let questions: Int
    public let correct: Int
    /// Mean share of an answer's trigrams of tokens that it has had before.
    public let repetition: Double
    /// Mean length of an answer, in tokens.
    public let length: Double
    public var accuracy: Double { Double(correct) / Double(questions) }
    /// √(p(1−p)/n).
    public var standardError: Double { (accuracy * (1 - accuracy) / Double(questions)).squareRoot() }

    /// The longest answer unless told otherwise, as a command and in recipes.
    public static let standardMaximumTokens = 96

    /// One question with what the model said.
    public struct Answer: Codable, Sendable {
        public let question: String
        public let given: String
        public let accepted: [String]
        public let isCorrect: Bool
    }

    /// Asks a model every question.
    ///
    /// - Parameters:
    ///   - system: a system turn before every question
    ///   - rule: when an answer is right
    ///   - maximumTokens: an answer longer than this is cut, and so wrong
    ///   - onAnswer: receives each answer, in the order of the questions
    /// - Throws: `UserError` when the checkpoint has no tokenizer or a question does not fit its context; what `onAnswer` throws
    public static func measure(
        _ checkpoint: Checkpoint, questions: [TaskQuestion], system: String? = nil,
        rule: AnswerRule = .exact, maximumTokens: Int = standardMaximumTokens,
        onAnswer: ((Answer) throws -> Void)? = nil
    ) throws -> TaskAccuracy {
        let tokenizer = try checkpoint.requireTokenizer()
        let template = checkpoint.chatTemplate ?? .roleMarkers
        let context = checkpoint.decoder.configuration.contextLength
        let requests = try questions.enumerated().map { index, question in
            let instruction = system.map { [Message(role: .system, content: $0)] } ?? []
            let prompt = try template.encode(
                instruction + question.messages, with: tokenizer, addGenerationPrompt: true
            ).ids
            guard prompt.count < context else {
                throw UserError(
                    "question \(index + 1) of \(questions.count) has \(prompt.count) tokens and leaves no room for an "
                        + "answer in the model's context of \(context)",
                    file: checkpoint.url.relativePath, remedy: "shorten the question")
            }
            return GenerationRequest(
                prompt: prompt, options: .greedy(maxNewTokens: maximumTokens),
                stream: RandomStream(seed: 0, purpose: "greedy"), stopIDs: checkpoint.answerStopIDs)
        }
        let capacity = min(context, (requests.map(\.prompt.count).max() ?? 0) + maximumTokens)
        var correct = 0
        var (repetition, length) = (0.0, 0)
        // A model is measured as exactly as its loss is.
        let generator = try BatchGenerator(checkpoint.decoder, capacity: capacity, arithmetic: .float)
        try generator.run(requests, order: .request) { generation in
            let question = questions[generation.request]
            let given = try tokenizer.decode(generation.tokens).trimmingCharacters(
                in: .whitespacesAndNewlines)
            let isCorrect = rule.accepts(given, among: question.answers)
            if isCorrect { correct += 1 }
            repetition += repeatedShare(of: generation.tokens)
            length += generation.tokens.count
            try onAnswer?(
                Answer(
                    question: question.messages.last?.content ?? "", given: given, accepted: question.answers,
                    isCorrect: isCorrect))
        }
        let count = Double(max(questions.count, 1))
        return TaskAccuracy(
            questions: questions.count, correct: correct, repetition: repetition / count,
            length: Double(length) / count)
    }
}
