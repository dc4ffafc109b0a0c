import Checkpoints
import Foundation
import Support
import Tensors
import Tokenization
import Training
import Transformer

/// How often a model's greedy answer is right: one of those accepted, to the letter (white space at the ends aside), or what
/// another rule says. Beside that stands how often it is one of those accepted once both are normalised, see
/// `String.normalizedAnswer`.
public struct TaskAccuracy: Encodable, Equatable, Sendable {
    public let questions: Int
    public let correct: Int
    /// Answers that are right once normalised; never fewer.
    public let normalizedCorrect: Int
    /// For each question whether its answer was right, for comparison with another model.
    public let items: ItemSums

    private enum CodingKeys: String, CodingKey {
        case questions, correct, normalizedCorrect, repetition, length
    }

    /// Mean share of an answer's trigrams of tokens that it has had before.
    public let repetition: Double
    /// Mean length of an answer, in tokens.
    public let length: Double
    public var accuracy: Double { Double(correct) / Double(questions) }
    public var normalizedAccuracy: Double { Double(normalizedCorrect) / Double(questions) }
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
                    file: checkpoint.url.relativePath, hint: "shorten the question")
            }
            return GenerationRequest(
                prompt: prompt, options: .greedy(maxNewTokens: maximumTokens),
                stream: RandomStream(seed: 0, purpose: "greedy"), stopIDs: checkpoint.answerStopIDs)
        }
        let capacity = min(context, (requests.map(\.prompt.count).max() ?? 0) + maximumTokens)
        var (correct, normalizedCorrect, items) = (0, 0, ItemSums())
        var (repetition, length) = (0.0, 0)
        // A model is measured as exactly as its loss is.
        let generator = try BatchGenerator(checkpoint.decoder, capacity: capacity, arithmetic: .float)
        try generator.run(requests, order: .request) { generation in
            let question = questions[generation.request]
            let given = try tokenizer.decode(generation.tokens).trimmingCharacters(
                in: .whitespacesAndNewlines)
            let isCorrect = rule.accepts(given, among: question.answers)
            if isCorrect { correct += 1 }
            if isCorrect || rule.acceptsNormalized(given, among: question.answers) { normalizedCorrect += 1 }
            items.add(sum: isCorrect ? 1 : 0, count: 1)
            repetition += repeatedShare(of: generation.tokens)
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
