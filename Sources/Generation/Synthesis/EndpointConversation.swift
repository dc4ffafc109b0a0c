import Support
import Tokenization

/// One record that an endpoint answers: a prompt and the answers so far. Each turn of the user is one request.
final class EndpointConversation: SynthesisConversation {
    private var dialogue: Dialogue
    private let endpoint: Endpoint
    private let options: Synthesis.Options

    /// Of all answers so far.
    private(set) var tokens = 0
    private var ending = AnswerEnding.unknown
    private var answer = ""
    /// Of all answers so far, where they are asked for.
    private var logprobs: [AnswerLogprobs] = []
    private var isRefused = false
    /// Whether earlier runs had received all answers so far.
    private(set) var isReused = true

    init(
        _ prompt: SynthesisPrompt, index: Int, sample: Int, endpoint: Endpoint, options: Synthesis.Options
    ) {
        dialogue = Dialogue(prompt, index: index, sample: sample, answering: options.answer)
        self.endpoint = endpoint
        self.options = options
    }

    var hasMore: Bool { dialogue.hasMore }

    /// The request for the next answer, its key, and the record that it is for.
    func nextRequest() throws -> (
        request: CompletionRequest, key: Fingerprint, place: JournalLine.Place
    )? {
        guard hasMore else { return nil }
        var stream = dialogue.stream(seed: options.seed)
        let seed = stream.next()
        let request = CompletionRequest(
            question, sampling: options.sampling, stop: options.stop, topLogprobs: options.topLogprobs,
            seed: seed,
            endpoint: endpoint)
        let place = JournalLine.Place(
            prompt: dialogue.index, sample: dialogue.sample, turn: dialogue.asked)
        dialogue.ask()
        return (request, request.key(seed: seed, endpoint: endpoint), place)
    }

    private var question: CompletionRequest.Question {
        switch (endpoint.route, dialogue.prompt.question) {
        case (.completions, .prompt(let text)), (.completions, .text(let text)): .text(text)
        default: .chat(dialogue.next, tools: dialogue.prompt.tools)
        }
    }

    /// Ends the answer; nil is a refusal, after which there are no more requests.
    ///
    /// - Parameter isEarlier: whether an earlier run had received it
    func finish(_ given: CompletionAnswer?, isEarlier: Bool) {
        isReused = isReused && isEarlier
        guard let given else {
            isRefused = true
            return dialogue.end()
        }
        tokens += given.usage.output
        ending = given.finishReason.map { AnswerEnding(rawValue: String($0.prefix(40))) } ?? .unknown
        answer = given.message.content
        if let found = given.logprobs { logprobs.append(found) }
        dialogue.add(given.message)
    }

    var finished: SyntheticRecord? {
        guard !isRefused else { return nil }
        return SyntheticRecord(
            content: dialogue.content(completion: answer, continuation: answer),
            meta: SyntheticRecord.Meta(
                model: endpoint.model, seed: options.seed, prompt: dialogue.index, sample: dialogue.sample,
                sampling: options.sampling,
                stop: options.stop.isEmpty ? nil : options.stop, finishReason: ending, tokens: tokens,
                endpoint: endpoint.address.description, source: dialogue.prompt.source),
            logprobs: logprobs.isEmpty ? nil : logprobs)
    }
}
