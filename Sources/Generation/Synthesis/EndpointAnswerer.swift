import Foundation
import Support
import Tokenization

/// Answers with a model behind an API.
struct EndpointAnswerer: Answerer {
    private let endpoint: Endpoint
    private let options: Synthesis.Options
    private let credentials: EndpointCredentials

    /// - Throws: `UserError` when an environment variable with a key is missing, or logprobs are asked for on another route than chat
    init(endpoint: Endpoint, options: Synthesis.Options) throws {
        if options.topLogprobs != nil, endpoint.route != .chat {
            throw UserError(
                "top_logprobs are asked for on the route \(endpoint.route.rawValue); answers are kept with them on the route chat alone",
                hint: "label the corpus with the endpoint, which is then asked for those of prompts",
                status: .configuration)
        }
        self.endpoint = endpoint
        self.options = options
        credentials = try EndpointCredentials(endpoint)
    }

    var answersEvery: Bool { false }

    func origin(of prompts: [SynthesisPrompt]) throws -> SynthesisOrigin {
        try SynthesisOrigin(endpoint: endpoint, options: options, prompts: prompts)
    }

    func answerable(_ prompts: [SynthesisPrompt]) throws -> [(index: Int, prompt: SynthesisPrompt)] {
        try prompts.enumerated().map { index, prompt in
            switch (endpoint.route, prompt.question) {
            case (.chat, .text):
                throw prompt.error(
                    "the beginning of a text, which \(endpoint.model) is asked to continue as a chat",
                    hint: "ask on the route completions, or give it as {\"prompt\": …}")
            case (.completions, .chat):
                throw prompt.error(
                    "a chat, but the route completions continues texts",
                    hint: "ask on the route chat, or give prompts as {\"prompt\": …} or {\"text\": …}")
            case (_, .userTurn):
                throw prompt.error(
                    "a turn of the user, which no API is asked for",
                    hint:
                        "use a model on disk, or the beginning of the turn as {\"text\": …} on the route completions"
                )
            default: break
            }
            guard Dialogue(prompt, index: index, sample: 0, answering: options.answer).hasMore else {
                throw prompt.error("a chat without a user's turn to answer")
            }
            return (index, prompt)
        }
    }

    func answer(
        _ answerable: [(index: Int, prompt: SynthesisPrompt)], from first: Int, _ run: AnswerRun,
        isEnough: () -> Bool, onRecords: ([SyntheticRecord], Int) throws -> Void
    ) throws -> AnswerEnd {
        // A shard of fewer prompts than shards: no server need be there.
        guard !answerable.isEmpty else { return AnswerEnd(tokens: 0) }
        let note = { (text: String) in run.progress?(.note("\(run.stage): \(text)")) ?? () }
        let journal = try run.journal.map { try AnswerJournal(at: $0, of: endpoint) } ?? AnswerJournal()
        journal.noteEarlierRuns(note)
        let queue = SynthesisQueue(
            (first..<answerable.count * options.samples).lazy.map { number in
                let (index, prompt) = answerable[number / options.samples]
                return EndpointConversation(
                    prompt, index: index, sample: number % options.samples, endpoint: endpoint,
                    options: options)
            })
        let dispatcher = EndpointDispatcher(
            try EndpointClient(endpoint, credentials), journal: journal, probe: probe, seed: options.seed,
            note: note)
        let before = journal.spending
        // Answers come in any order: the first one that is late must not let the others exceed the bound.
        var (reused, finishedTokens) = (0, 0)
        func pass(_ ready: [SyntheticRecord]) throws { try onRecords(ready, dispatcher.counts.tokens) }
        let bound = try Interruption.saving {
            try dispatcher.run(
                next: {
                    let question = queue.next().map {
                        EndpointDispatcher.Question(
                            number: queue.requests - 1, key: $0.key, place: $0.place, request: $0.request)
                    }
                    if let fault = queue.fault { throw fault }
                    return question
                },
                onEvent: { question, answer in
                    let conversation = queue.conversation(of: question.number)
                    conversation.finish(answer, isEarlier: dispatcher.isReplaying)
                    if answer != nil, !conversation.hasMore {
                        finishedTokens += conversation.tokens
                        if conversation.isReused { reused += 1 }
                    }
                    try pass(queue.finish(request: question.number))
                },
                isEnough: { finishedTokens >= options.tokenBudget ?? .max || isEnough() },
                onTick: {
                    run.progress?(.status(stage: run.stage, text: status(dispatcher, journal.spending)))
                })
        }
        try pass(queue.remaining())
        return AnswerEnd(
            tokens: dispatcher.counts.tokens,
            endpoint: EndpointSummary(
                endpoint, dispatcher.counts, journal: journal, before: before, ended: bound,
                reusedRecords: reused))
    }

    /// The first request: one token, with the options of all.
    private var probe: CompletionRequest {
        var sampling = options.sampling
        sampling.maxNewTokens = 1
        let question: CompletionRequest.Question =
            switch endpoint.route {
            case .chat: .chat([Message(role: .user, content: "Hi")], tools: [])
            case .completions: .text("Hi")
            }
        return CompletionRequest(
            question, sampling: sampling, stop: options.stop, topLogprobs: options.topLogprobs,
            seed: options.seed,
            endpoint: endpoint)
    }

    private func status(_ dispatcher: EndpointDispatcher, _ spending: Spending) -> String {
        var parts = ["\(dispatcher.inFlight) in flight"]
        if dispatcher.counts.retries > 0 { parts.append("\(dispatcher.counts.retries) retries") }
        if dispatcher.counts.refused > 0 { parts.append("\(dispatcher.counts.refused) failed") }
        if let prices = endpoint.prices {
            let tokens = spending.tokens
            parts.append(
                "cost \(EndpointSummary.text(prices.cost(input: tokens.input, output: tokens.output)))")
        }
        return parts.joined(separator: ", ")
    }
}
