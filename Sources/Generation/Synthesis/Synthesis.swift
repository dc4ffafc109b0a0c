import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// Lets a model answer prompts: a synthetic corpus (sequence-level distillation, Kim & Rush 2016, arXiv 1606.07947).
///
/// Records are appended one line each to `OUTPUT.partial`, which takes its final name once the last one is there.
/// Started again after a kill, the work goes on after the last whole record. A record depends on the seed, its prompt,
/// the prompt's place and the sample's number alone, so the file's bytes are those of a run never killed.
public struct Synthesis {
    /// Which turns of a chat are answered.
    public enum AnswerScope: String, CaseIterable, Codable, Sendable {
        /// The last one of the user; what the assistant said before stays.
        case last
        /// Every one of the user in turn; each answer of the assistant is replaced by the model's own.
        case every
    }

    /// What decides the bytes of the output, besides model and prompts.
    public struct Options: Codable, Equatable, Sendable {
        public var sampling: SamplingOptions
        /// Answers to each prompt.
        public var samples: Int
        /// Tokens of all answers after which no more are written, the last one whole; nil for an answer to every prompt.
        public var tokenBudget: Int?
        public var seed: UInt64
        /// Texts that end an answer; they are cut off.
        public var stop: [String]
        public var answer: AnswerScope
        /// Leave prompts out that fill the context, instead of refusing them.
        public var skipsLongPrompts: Bool
        /// In what numbers quantised weights are multiplied.
        public var arithmetic: ProductArithmetic

        /// What `samples` accepts: the answers to a prompt are counted and kept in order.
        public static let samplesLimits = 1...10_000
        public static let standardSamples = 1

        public init(
            sampling: SamplingOptions, samples: Int = standardSamples, tokenBudget: Int? = nil,
            seed: UInt64 = 0,
            stop: [String] = [], answer: AnswerScope = .last, skipsLongPrompts: Bool = false,
            arithmetic: ProductArithmetic = .int8
        ) {
            self.tokenBudget = tokenBudget
            self.sampling = sampling
            self.samples = samples
            self.seed = seed
            self.stop = stop
            self.answer = answer
            self.skipsLongPrompts = skipsLongPrompts
            self.arithmetic = arithmetic
        }

        private enum CodingKeys: String, CodingKey {
            case sampling, samples, seed, stop, answer, arithmetic
            case skipsLongPrompts = "skip_long"
            case tokenBudget = "token_budget"
        }
    }

    /// The model that answers.
    public struct Author {
        public var decoder: DecoderModel
        public var tokenizer: Tokenizer
        /// How chats are written; nil for a model that only continues texts.
        public var template: ChatTemplate?
        /// Tokens that end an answer.
        public var stopIDs: Set<Int32>
        /// The model as the records name it.
        public var name: String
        /// SHA-256 of its weights and configuration.
        public var fingerprint: Fingerprint

        public init(
            decoder: DecoderModel, tokenizer: Tokenizer, template: ChatTemplate?, stopIDs: Set<Int32>,
            name: String,
            fingerprint: Fingerprint
        ) {
            self.decoder = decoder
            self.tokenizer = tokenizer
            self.template = template
            self.stopIDs = stopIDs
            self.name = name
            self.fingerprint = fingerprint
        }

        func chatTemplate(for prompt: SynthesisPrompt) throws -> ChatTemplate {
            if let template { return template }
            throw prompt.error(
                "a chat, but the model \(name) has no chat template that is known",
                hint: "give prompts as {\"prompt\": …} or {\"text\": …}, which it continues")
        }
    }

    /// What a run amounts to.
    public struct Summary: Equatable, Sendable {
        /// Records in the output.
        public var records = 0
        /// Of these, how many were there before this call.
        public var reused = 0
        /// Tokens written in this call.
        public var tokens = 0
        /// Prompts left out because they fill the context.
        public var skippedPrompts = 0
    }

    /// What `slots` accepts: each takes a place of the key-value cache.
    public static let slotsLimits = 1...1024

    let author: Author
    let options: Options

    public init(author: Author, options: Options) {
        precondition(
            Options.samplesLimits.contains(options.samples), "\(options.samples) answers to each prompt")
        self.author = author
        self.options = options
    }

    /// Answers every prompt, in order, `samples` times each.
    ///
    /// - Parameters:
    ///   - output: the JSONL file; when it is there already, made from the same model, prompts and options, nothing is
    ///     done
    ///   - slots: sequences written at once; changes the speed and no byte
    /// - Throws: `UserError` naming the place of a prompt that cannot be answered; when `output` or unfinished work
    ///   comes from other settings, spelt out; when another process is at it; or when the disk refuses
    @discardableResult
    public func run(
        prompts: [SynthesisPrompt], into output: URL, slots: Int = 16, stage: String = "generate",
        progress: ProgressHandler? = nil
    ) throws -> Summary {
        let unfinished = UnfinishedSynthesis(output: output)
        let origin = try SynthesisOrigin(author: author, options: options, prompts: prompts)
        let answerable = try answerable(prompts)
        let total = answerable.count * options.samples
        var summary = Summary(records: total, skippedPrompts: prompts.count - answerable.count)
        if try unfinished.isFinished(origin) {
            progress?(.note("\(stage): \(output.relativePath) is complete"))
            summary.records = try unfinished.finishedRecords(
                samples: options.samples, prompts: answerable.map(\.index))
            summary.reused = summary.records
            return summary
        }
        var (log, spent) = try unfinished.open(
            for: origin, samples: options.samples, prompts: answerable.map(\.index))
        summary.reused = log.lineCount
        progress?(.began(stage: stage, total: total, unit: "answers"))
        if summary.reused > 0 {
            progress?(.note("\(stage): resumed at answer \(summary.reused + 1) of \(total)"))
        }
        summary.tokens = try answer(
            answerable, from: summary.reused, slots: slots, isEnough: { spent >= options.tokenBudget ?? .max }
        ) { records, tokens in
            for record in records where spent < options.tokenBudget ?? .max {
                try unfinished.append(record, to: log)
                spent += record.meta.tokens
            }
            progress?(.advanced(stage: stage, done: log.lineCount, tokens: tokens, loss: nil))
        }
        try log.synchronize()
        try unfinished.finish(origin)
        summary.records = log.lineCount
        return summary
    }

    /// Answers every prompt as above and hands the lines of the output over, in order; nothing is kept to go on from.
    ///
    /// - Parameter onLine: receives each line without its end
    /// - Throws: `UserError` naming the place of a prompt that cannot be answered, and what `onLine` throws
    public func run(
        prompts: [SynthesisPrompt], slots: Int = 16, stage: String = "generate",
        progress: ProgressHandler? = nil, onLine: (Data) throws -> Void
    ) throws -> Summary {
        let answerable = try answerable(prompts)
        var summary = Summary(skippedPrompts: prompts.count - answerable.count)
        var spent = 0
        progress?(.began(stage: stage, total: answerable.count * options.samples, unit: "answers"))
        summary.tokens = try answer(
            answerable, from: 0, slots: slots, isEnough: { spent >= options.tokenBudget ?? .max }
        ) { records, tokens in
            for record in records where spent < options.tokenBudget ?? .max {
                try onLine(try JSONEncoder.stable.encode(record))
                spent += record.meta.tokens
                summary.records += 1
            }
            progress?(.advanced(stage: stage, done: summary.records, tokens: tokens, loss: nil))
        }
        return summary
    }

    /// Lets the model answer.
    ///
    /// - Parameters:
    ///   - first: the number of the first answer that is wanted
    ///   - isEnough: asked before each token
    ///   - onRecords: receives records in order, and the tokens written so far
    /// - Returns: the tokens written
    /// - Throws: `Interrupted` when a signal came
    private func answer(
        _ answerable: [(index: Int, prompt: SynthesisPrompt)], from first: Int, slots: Int,
        isEnough: () -> Bool, onRecords: ([SyntheticRecord], Int) throws -> Void
    ) throws -> Int {
        let total = answerable.count * options.samples
        let queue = SynthesisQueue(
            (first..<total).lazy.map { number in
                let (index, prompt) = answerable[number / options.samples]
                return Conversation(
                    prompt, index: index, sample: number % options.samples, author: author, options: options)
            })
        let generator = try BatchGenerator(
            author.decoder, slots: min(slots, max(1, total)), arithmetic: options.arithmetic)
        try Interruption.saving {
            try generator.run(
                queue,
                onToken: { request, token in
                    // Whole records are handed over already.
                    try Interruption.check()
                    return queue.hear(token, of: request)
                }, isCancelled: isEnough,
                onFinish: { try onRecords(queue.finish($0), queue.tokens) })
        }
        if let fault = queue.fault { throw fault }
        return queue.tokens
    }

    /// The prompts that can be answered, with their places.
    private func answerable(_ prompts: [SynthesisPrompt]) throws -> [(index: Int, prompt: SynthesisPrompt)] {
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
