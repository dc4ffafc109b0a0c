import Support
import Tensors
import Tokenization
import Transformer

/// A conversation with a model: a system message, the history, and answers that are streamed as they are generated.
///
///     let session = try ChatSession(
///         decoder: model, tokenizer: tokenizer, template: template, stopIDs: stops, options: .init(), seed: 1)
///     let answer = try session.answer("Who is Mira?") { print($0, terminator: "") }
///
/// The KV cache keeps the history, so an answer costs its own tokens and those of the new message.
public final class ChatSession {
    /// A generated answer.
    public struct Answer: Equatable, Sendable {
        /// The text, without a stop string.
        public let text: String
        /// Why it ended.
        public let reason: FinishReason
        /// Number of generated tokens.
        public let tokens: Int
        /// Number of messages at the beginning of the history that no longer fit into the context and were dropped.
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
    ///   - decoder: the model
    ///   - tokenizer: the model's
    ///   - template: renders the conversation
    ///   - stopIDs: tokens that end an answer
    ///   - options: how tokens are sampled
    ///   - stop: strings that end an answer; they are removed from it
    ///   - seed: of the samples
    ///   - system: a system message; nil for none
    ///   - arithmetic: the arithmetic of products with quantized weights
    /// - Throws: `UserError` when there is no memory for the KV cache
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

    /// Removes the history; the system message stays.
    public func reset() { history = [] }

    /// Answers a message and adds both to the history; of a cancelled answer, what was generated.
    ///
    /// - Parameters:
    ///   - text: the user's message
    ///   - isCancelled: called before each token
    ///   - onText: receives the answer as it is generated; concatenated, the pieces are its text
    /// - Throws: `UserError` when the message alone does not fit into the context; the history is then unchanged
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
            // The space that a template puts before the answer's first word is not part of the answer.
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

    /// The newest messages that leave room for an answer, and their tokens.
    private func fit(_ all: [Message]) throws -> (ids: [Int32], messages: [Message]) {
        let context = generator.decoder.configuration.contextLength
        // Room for the longest answer, but at most a quarter of the context.
        let room = min(options.maxNewTokens, context / 4)
        var messages = all[...]
        while true {
            let instructions = system.map { [Message(role: .system, content: $0)] } ?? []
            let ids = try template.encode(
                instructions + messages, with: tokenizer, addGenerationPrompt: true
            ).ids
            if ids.count + room <= context { return (ids, Array(messages)) }
            if messages.count == 1 {
                // A single message: any room suffices.
                if ids.count < context { return (ids, Array(messages)) }
                throw UserError(
                    "a message of \(ids.count) tokens, instructions included, leaves no room in the model's context "
                        + "of \(context)", hint: "shorten the message")
            }
            // A message is dropped with its answer.
            messages = messages.dropFirst(2)
        }
    }
}
