import Checkpoints
import Foundation
import Support
import Tensors
import Tokenization
import Training
import Transformer

/// How often a model's greedy answer is correct: exact match with one of the accepted answers (white space at the ends aside),
/// or another rule; and exact match after normalization, see `String.normalizedAnswer`.
///
///     let questions = try TaskQuestion.read(URL(filePath: "questions.jsonl"))
///     let accuracy = try TaskAccuracy.measure(checkpoint, questions: questions).accuracy
public struct TaskAccuracy: Encodable, Equatable, Sendable {
    /// Number of questions.
    public let questions: Int
    /// Number of correct answers.
    public let correct: Int
    /// Number of answers that are correct after normalization; never fewer.
    public let normalizedCorrect: Int
    /// For each question whether its answer is correct, for comparison with another model.
    public let items: ItemSums

    private enum CodingKeys: String, CodingKey {
        case questions, correct, normalizedCorrect, repetition, length
    }

    /// Mean fraction of an answer's token trigrams that repeat an earlier one.
    public let repetition: Double
    /// Mean length of an answer, in tokens.
    public let length: Double
    /// Fraction of correct answers.
    public var accuracy: Double { Double(correct) / Double(questions) }
    /// Fraction of answers that are correct after normalization.
    public var normalizedAccuracy: Double { Double(normalizedCorrect) / Double(questions) }
    /// Standard error of the accuracy p: √(p(1−p)/n).
    public var standardError: Double { (accuracy * (1 - accuracy) / Double(questions)).squareRoot() }

    /// The default length limit of answers in commands and recipes, in tokens.
    public static let standardMaximumTokens = 96

    /// One question with the model's answer.
    public struct Answer: Codable, Sendable {
        /// The last message of the question.
        public let question: String
        /// The model's answer.
        public let given: String
        /// The answers that count as correct.
        public let accepted: [String]
        /// Whether it does.
        public let isCorrect: Bool
    }

    /// Generates a model's answers to all questions.
    ///
    /// - Parameters:
    ///   - checkpoint: with a tokenizer
    ///   - questions: with their accepted answers
    ///   - system: a system turn before every question
    ///   - rule: decides whether an answer is correct
    ///   - maximumTokens: a longer answer is truncated, and so wrong
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
                    file: checkpoint.url.relativePath, hint: "shorten the question")
            }
            return GenerationRequest(
                prompt: prompt, options: .greedy(maxNewTokens: maximumTokens),
                stream: RandomStream(seed: 0, purpose: "greedy"), stopIDs: checkpoint.answerStopIDs)
        }
        let capacity = min(context, (requests.map(\.prompt.count).max() ?? 0) + maximumTokens)
        var (correct, normalizedCorrect, items) = (0, 0, ItemSums())
        var (repetition, length) = (0.0, 0)
        // In the same arithmetic as the model's loss.
        let generator = try BatchGenerator(checkpoint.decoder, capacity: capacity, arithmetic: .float)
        try generator.run(requests, order: .request) { generation in
            let question = questions[generation.request]
            let given = try tokenizer.decode(generation.tokens).trimmingCharacters(
                in: .whitespacesAndNewlines)
            let isCorrect = rule.accepts(given, among: question.answers)
            if isCorrect { correct += 1 }
            if isCorrect || rule.acceptsNormalized(given, among: question.answers) { normalizedCorrect += 1 }
            items.add(sum: isCorrect ? 1 : 0, count: 1)
            repetition += repeatedFraction(of: generation.tokens)
            length += generation.tokens.count
            try onAnswer?(
                Answer(
                    question: question.messages.last?.content ?? "", given: given, accepted: question.answers,
                    isCorrect: isCorrect))
        }
        let count = Double(max(questions.count, 1))
        return TaskAccuracy(
            questions: questions.count, correct: correct, normalizedCorrect: normalizedCorrect, items: items,
            repetition: repetition / count, length: Double(length) / count)
    }
}
