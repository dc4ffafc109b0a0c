import Support
import Tensors
import Tokenization
import Transformer

/// One record that is being generated: a prompt and the answers so far.
///
/// Each turn of the user that is to be answered is one generation request.
final class Conversation: SynthesisConversation {
    private var dialogue: Dialogue
    private let author: Synthesis.Author
    private let options: Synthesis.Options

    private var tokens = 0
    private var reason = FinishReason.stop
    /// The current answer.
    private var answer: AnswerText

    init(
        _ prompt: SynthesisPrompt, index: Int, sample: Int, author: Synthesis.Author,
        options: Synthesis.Options
    ) {
        dialogue = Dialogue(prompt, index: index, sample: sample, answering: options.answer)
        self.author = author
        self.options = options
        answer = AnswerText(author.tokenizer, stop: options.stop)
    }

    private var prompt: SynthesisPrompt { dialogue.prompt }

    /// Whether a turn is left to answer.
    var hasMore: Bool { dialogue.hasMore }

    /// The tokens of the next prompt: chats rendered by the template, beginnings of texts after the begin id.
    func nextPrompt() throws -> [Int32] { try opening().ids }

    /// The tokens of the next prompt, and what ends the answer beside the model's own ends.
    private func opening() throws -> UserTurnOpening {
        guard case .userTurn = prompt.question else {
            return UserTurnOpening(ids: try promptIDs(), stopIDs: author.stopIDs, stop: [])
        }
        let template = try author.chatTemplate(for: prompt)
        let turn = try prompt.located { try template.userTurn(after: dialogue.next, with: author.tokenizer) }
        return UserTurnOpening(
            ids: turn.ids, stopIDs: turn.stopIDs.union(author.stopIDs), stop: turn.stop)
    }

    private func promptIDs() throws -> [Int32] {
        let next = dialogue.next
        switch prompt.question {
        case .chat, .userTurn: return try ids(of: next, author.chatTemplate(for: prompt))
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
        case .chat, .userTurn: false
        case .prompt: author.template == nil
        case .text: true
        }
    }

    /// The request for the next answer.
    ///
    /// - Returns: nil when no answer is left, or the next prompt does not fit into the context
    func nextRequest() throws -> GenerationRequest? {
        guard hasMore else { return nil }
        let opening = try opening()
        let ids = opening.ids
        guard ids.count < author.decoder.configuration.contextLength else {
            reason = .context
            return nil
        }
        let stream = dialogue.stream(seed: options.seed)
        dialogue.ask()
        answer = AnswerText(
            author.tokenizer, stop: options.stop + opening.stop, continuing: continuesText ? ids : [])
        return GenerationRequest(
            prompt: ids, options: options.sampling, stream: stream, stopIDs: opening.stopIDs)
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
        dialogue.add(Message(role: dialogue.speaker, content: answerText))
    }

    /// The answer, without the space that a template puts before its first word.
    private var answerText: String {
        guard !continuesText, let template = author.template else { return answer.text }
        return template.answer(answer.text)
    }

    /// The finished record.
    var record: SyntheticRecord {
        SyntheticRecord(
            content: dialogue.content(completion: answerText, continuation: answer.text),
            meta: SyntheticRecord.Meta(
                model: author.name, seed: options.seed, prompt: dialogue.index, sample: dialogue.sample,
                sampling: options.sampling,
                stop: options.stop.isEmpty ? nil : options.stop, finishReason: AnswerEnding(reason),
                tokens: tokens, source: prompt.source))
    }

    var finished: SyntheticRecord? { record }
}
