import Support
import Transformer

/// Answers with a model in memory, by continuous batching.
struct LocalAnswerer: Answerer {
    let author: Synthesis.Author
    let options: Synthesis.Options

    var answersEvery: Bool { true }

    func origin(of prompts: [SynthesisPrompt]) throws -> SynthesisOrigin {
        try SynthesisOrigin(author: author, options: options, prompts: prompts)
    }

    func answer(
        _ answerable: [(index: Int, prompt: SynthesisPrompt)], from first: Int, _ run: AnswerRun,
        isEnough: () -> Bool, onRecords: ([SyntheticRecord], Int) throws -> Void
    ) throws -> AnswerEnd {
        let total = answerable.count * options.samples
        let queue = SynthesisQueue(
            (first..<total).lazy.map { number in
                let (index, prompt) = answerable[number / options.samples]
                return Conversation(
                    prompt, index: index, sample: number % options.samples, author: author, options: options)
            })
        let generator = try BatchGenerator(
            author.decoder, slots: min(run.slots, max(1, total)), arithmetic: options.arithmetic)
        try Interruption.saving {
            try generator.run(
                queue,
                onToken: { request, token in
                    // Whole records have been passed on already.
                    try Interruption.check()
                    queue.count(tokens: 1)
                    return queue.conversation(of: request).append(token) ? .stop : .proceed
                }, isCancelled: isEnough,
                onFinish: { generation in
                    queue.conversation(of: generation.request).finish(generation)
                    try onRecords(queue.finish(request: generation.request), queue.tokens)
                })
        }
        if let fault = queue.fault { throw fault }
        return AnswerEnd(tokens: queue.tokens)
    }

    func answerable(_ prompts: [SynthesisPrompt]) throws -> [(index: Int, prompt: SynthesisPrompt)] {
        let context = author.decoder.configuration.contextLength
        return try prompts.enumerated().compactMap { index, prompt in
            let conversation = Conversation(prompt, index: index, sample: 0, author: author, options: options)
            guard conversation.hasMore else { throw prompt.error("a chat without a user's turn to answer") }
            let count = try conversation.nextPrompt().count
            guard count > 0 else { throw prompt.error("an empty prompt") }
            if count < context { return (index, prompt) }
            if options.skipsLongPrompts { return nil }
            throw prompt.error(
                "a prompt of \(count) tokens leaves no room in the model's context of \(context)",
                hint: "shorten it, or leave such prompts out")
        }
    }
}
