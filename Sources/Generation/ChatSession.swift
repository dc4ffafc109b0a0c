import Support
import Tensors
import Tokenization
import Transformer

/// A conversation with a model: history, a system message, answers as they are written.
///
/// Keys and values of what was said stay in the model's cache, so an answer costs its own tokens and the new question's.
public final class ChatSession {
    /// What an answer amounts to.
    public struct Answer: Equatable, Sendable {
        public let text: String
        public let reason: FinishReason
        /// Tokens written.
        public let tokens: Int
        /// Messages at the beginning of the history that no longer fit and were forgotten.
        public let forgotten: Int
    }

    /// Instructions before the first turn; nil for none.
    public var system: String?
    /// Turns of user and assistant, oldest first.
    public private(set) var history: [Message] = []

    private let generator: BatchGenerator
    private let tokenizer: Tokenizer
    private let template: ChatTemplate
    private let stopIDs: Set<Int32>
    private let options: SamplingOptions
    private let stop: [String]
    private let seed: UInt64
    private var answers: UInt64 = 0

    /// - Parameters:
    ///   - stopIDs: tokens that end an answer
    ///   - stop: texts that end an answer; they are cut off
    ///   - arithmetic: in what numbers quantised weights are multiplied
    /// - Throws: `UserError` when there is no memory for the cache
    public init(
        decoder: DecoderModel, tokenizer: Tokenizer, template: ChatTemplate, stopIDs: Set<Int32>,
        options: SamplingOptions, stop: [String] = [], seed: UInt64, system: String? = nil,
        arithmetic: ProductArithmetic = .int8
    ) throws {
        generator = try BatchGenerator(decoder, slots: 1, arithmetic: arithmetic)
        self.tokenizer = tokenizer
        self.template = template
        self.stopIDs = stopIDs
        self.options = options
        self.stop = stop
        self.seed = seed
        self.system = system
    }

    /// Forgets what was said; the system message stays.
    public func reset() { history = [] }

    /// Answers a message and adds both to the history, a cancelled answer as far as it came.
    ///
    /// - Parameters:
    ///   - isCancelled: asked before each token
    ///   - onText: receives the answer piece by piece; joined, the pieces are its text
    /// - Throws: `UserError` when the message does not fit the context even alone; the history is then as before
    public func answer(
        _ text: String, isCancelled: () -> Bool = { false }, onText: (String) -> Void
    ) throws -> Answer {
        let (ids, messages) = try fit(history + [Message(role: .user, content: text)])
        let request = GenerationRequest(
            prompt: ids, options: options,
            stream: RandomStream(seed: seed, purpose: "chat", index: answers), stopIDs: stopIDs)
        var answer = AnswerText(tokenizer, stop: stop)
        var (said, prefix) = ("", template.answerPrefix[...])
        func show(_ text: String) {
            var piece = text[...]
            // The space that a template leaves to the answer's first word is not said.
            while let expected = prefix.first, let next = piece.first {
                if next == expected { piece.removeFirst() }
                prefix = next == expected ? prefix.dropFirst() : ""
            }
            guard !piece.isEmpty else { return }
            said += piece
            onText(String(piece))
        }
        var result: GenerationResult?
        try generator.run([request]) { _, token in
            show(answer.append(token))
            return answer.isStopped ? .stop : .proceed
        } isCancelled: {
            isCancelled()
        } onFinish: {
            result = $0
        }
        show(answer.finish())
        answers += 1
        let forgotten = history.count + 1 - messages.count
        history = messages + [Message(role: .assistant, content: template.answer(answer.text))]
        return Answer(
            text: said, reason: result!.reason, tokens: result!.tokens.count, forgotten: forgotten)
    }

    /// The tokens of as many of the newest messages as leave room for an answer, and those messages.
    private func fit(_ all: [Message]) throws -> (ids: [Int32], messages: [Message]) {
        let context = generator.decoder.configuration.contextLength
        // For an answer of the length asked for, but a wish for more than a quarter forgets no more of the history.
        let room = min(options.maxNewTokens, context / 4)
        var messages = all[...]
        while true {
            let instructions = system.map { [Message(role: .system, content: $0)] } ?? []
            let ids = try template.encode(
                instructions + messages, with: tokenizer, addGenerationPrompt: true
            ).ids
            if ids.count + room <= context { return (ids, Array(messages)) }
            if messages.count == 1 {
                // The message alone: any room is better than none.
                if ids.count < context { return (ids, Array(messages)) }
                throw UserError(
                    "a message of \(ids.count) tokens, instructions included, leaves no room in the model's context "
                        + "of \(context)", hint: "say it in fewer words")
            }
            // A question goes with its answer.
            messages = messages.dropFirst(2)
        }
    }
}
