import Support
import Tensors
import Tokenization
import Transformer

/// One record that is being generated: a prompt and the answers so far.
///
/// Each turn of the user that is to be answered is one generation request.
final class Conversation {
    let prompt: SynthesisPrompt
    /// Index of the prompt, from 0.
    let index: Int
    let sample: Int
    private let author: Synthesis.Author
    private let options: Synthesis.Options

    /// The messages so far, questions and answers.
    private var messages: [Message] = []
    /// The messages before each answer that is still to be generated.
    private var turns: [[Message]]
    private var asked = 0
    private var tokens = 0
    private var reason = FinishReason.stop
    /// The current answer.
    private var answer: AnswerText

    init(
        _ prompt: SynthesisPrompt, index: Int, sample: Int, author: Synthesis.Author,
        options: Synthesis.Options
    ) {
        self.prompt = prompt
        self.index = index
        self.sample = sample
        self.author = author
        self.options = options
        answer = AnswerText(author.tokenizer, stop: options.stop)
        turns = Self.turns(of: prompt.question, author: author, answering: options.answer)
    }

    /// The messages before each answer to generate; empty when there is nothing to answer.
    private static func turns(
        of question: SynthesisPrompt.Question, author: Synthesis.Author,
        answering scope: Synthesis.AnswerScope
    ) -> [[Message]] {
        switch question {
        case .text: [[]]
        case .prompt(let text): [[Message(role: .user, content: text)]]
        case .chat(let messages):
            switch scope {
            case .last:
                messages.lastIndex { [.user, .tool].contains($0.role) }.map { [Array(messages[...$0])] } ?? []
            case .every:
                messages.split { $0.role == .assistant }.map(Array.init).filter {
                    $0.contains { $0.role == .user }
                }
            }
        }
    }

    /// Whether a turn is left to answer.
    var hasMore: Bool { !turns.isEmpty }

    /// The tokens of the next prompt: chats rendered by the template, beginnings of texts after the begin id.
    func nextPrompt() throws -> [Int32] {
        let next = messages + turns[0]
        switch prompt.question {
        case .chat: return try ids(of: next, author.chatTemplate(for: prompt))
        case .prompt(let text):
            guard let template = author.template else { return beginning(text) }
            return try ids(of: next, template)
        case .text(let text): return beginning(text)
        }
    }

    private func ids(of messages: [Message], _ template: ChatTemplate) throws -> [Int32] {
        try prompt.located {
            try template.encode(
                messages, tools: prompt.tools, with: author.tokenizer, addGenerationPrompt: true
            ).ids
        }
    }

    private func beginning(_ text: String) -> [Int32] {
        (author.tokenizer.beginID.map { [$0] } ?? []) + author.tokenizer.encodeContent(text)
    }

    private var continuesText: Bool {
        switch prompt.question {
        case .chat: false
        case .prompt: author.template == nil
        case .text: true
        }
    }

    /// The request for the next answer.
    ///
    /// - Returns: nil when no answer is left, or the next prompt does not fit into the context
    func nextRequest() throws -> GenerationRequest? {
        guard !turns.isEmpty else { return nil }
        let ids = try nextPrompt()
        guard ids.count < author.decoder.configuration.contextLength else {
            reason = .context
            return nil
        }
        messages += turns.removeFirst()
        answer = AnswerText(author.tokenizer, stop: options.stop, continuing: continuesText ? ids : [])
        defer { asked += 1 }
        return GenerationRequest(
            prompt: ids, options: options.sampling,
            stream: RandomStream(
                seed: options.seed, purpose: "synthesis, sample \(sample), answer \(asked)",
                index: UInt64(index)),
            stopIDs: author.stopIDs)
    }

    /// Adds a token to the answer; returns whether its text has reached a stop string.
    func append(_ token: Int32) -> Bool {
        _ = answer.append(token)
        return answer.isStopped
    }

    /// Ends the answer.
    func finish(_ generation: GenerationResult) {
        _ = answer.finish()
        tokens += generation.tokens.count
        reason = generation.reason
        messages.append(Message(role: .assistant, content: answerText))
    }

    /// The answer, without the space that a template puts before its first word.
    private var answerText: String {
        guard !continuesText, let template = author.template else { return answer.text }
        return template.answer(answer.text)
    }

    /// The finished record.
    var record: SyntheticRecord {
        let content: SyntheticRecord.Content
        switch prompt.question {
        case .chat: content = .messages(messages, tools: prompt.tools)
        case .prompt(let text): content = .completion(prompt: text, completion: answerText)
        case .text(let text): content = .text(text + answer.text)
        }
        return SyntheticRecord(
            content: content,
            meta: SyntheticRecord.Meta(
                model: author.name, seed: options.seed, prompt: index, sample: sample,
                sampling: options.sampling,
                stop: options.stop.isEmpty ? nil : options.stop, finishReason: reason, tokens: tokens))
    }
}
