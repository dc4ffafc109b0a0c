import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// Generates a synthetic corpus: a model answers prompts (sequence-level distillation, Kim & Rush 2016, arXiv 1606.07947).
///
///     let prompts = try SynthesisPrompt.read(URL(filePath: "prompts.jsonl"))
///     let synthesis = Synthesis(author: author, options: .init(sampling: .init(), samples: 4, seed: 17))
///     try synthesis.run(prompts: prompts, into: URL(filePath: "corpus.jsonl"))
///
/// Records are appended to `OUTPUT.partial`, one line each, which is renamed at the end. Started again after a kill, the run is
/// resumed after the last whole record. A record depends only on the seed, its prompt, the prompt's index and the sample's
/// number, so the file's bytes are those of a run that was never killed, and the shards' bytes, joined, are those of the whole.
public struct Synthesis {
    /// Which turns of a chat are answered.
    public enum AnswerScope: String, CaseIterable, Codable, Sendable {
        /// The user's last turn; earlier answers stay.
        case last
        /// Each of the user's turns; the answers are replaced by the model's.
        case every
    }

    /// Everything that determines the output, in addition to model and prompts.
    public struct Options: Codable, Equatable, Sendable {
        /// How tokens are sampled.
        public var sampling: SamplingOptions
        /// Number of answers to each prompt.
        public var samples: Int
        /// Tokens of all answers after which generation ends, with the answer that reaches them; nil for an answer to every
        /// prompt.
        public var tokenBudget: Int?
        /// Of the samples.
        public var seed: UInt64
        /// Strings that end an answer; they are removed from it.
        public var stop: [String]
        /// Which turns of a chat are answered.
        public var answer: AnswerScope
        /// The number of likeliest tokens at each token of an endpoint's answers that are kept in the records, from which signals are made
        /// without asking again; nil for none. Of the route chat alone.
        public var topLogprobs: Int?
        /// Whether prompts that fill the context are skipped instead of refused.
        public var skipsLongPrompts: Bool
        /// The arithmetic of products with quantized weights.
        public var arithmetic: ProductArithmetic
        /// The part of the prompts that is answered, of those that can be; nil for all. Records are those of the whole, which
        /// `SynthesisMerge` joins. Not with a token budget, which is one of the whole.
        public var shard: Shard?

        /// The accepted numbers of answers to each prompt.
        public static let samplesLimits = 1...10_000
        /// The accepted numbers of likeliest tokens: OpenAI gives at most 20, and vLLM as many unless it is told otherwise.
        public static let topLogprobsLimits = 1...1000
        /// The default number of answers to each prompt.
        public static let standardSamples = 1

        /// The defaults are those of the command.
        public init(
            sampling: SamplingOptions, samples: Int = standardSamples, tokenBudget: Int? = nil,
            seed: UInt64 = 0,
            stop: [String] = [], answer: AnswerScope = .last, skipsLongPrompts: Bool = false,
            arithmetic: ProductArithmetic = .int8, topLogprobs: Int? = nil, shard: Shard? = nil
        ) {
            self.topLogprobs = topLogprobs
            self.shard = shard
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
            case sampling, samples, seed, stop, answer, arithmetic, shard
            case skipsLongPrompts = "skip_long"
            case tokenBudget = "token_budget"
            case topLogprobs = "top_logprobs"
        }
    }

    /// The model that generates the answers.
    public struct Author {
        /// The model.
        public var decoder: DecoderModel
        /// Its tokenizer.
        public var tokenizer: Tokenizer
        /// Renders chats; nil for a model that only continues texts.
        public var template: ChatTemplate?
        /// Tokens that end an answer.
        public var stopIDs: Set<Int32>
        /// The model's name in the records.
        public var name: String
        /// SHA-256 of its weights and configuration.
        public var fingerprint: Fingerprint

        /// A model with what is needed to generate.
        public init(
            decoder: DecoderModel, tokenizer: Tokenizer, template: ChatTemplate?, stopIDs: Set<Int32>,
            name: String, fingerprint: Fingerprint
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

    /// Counts of a run.
    public struct Summary: Equatable, Sendable {
        /// Number of records in the output.
        public var records = 0
        /// Number of records that existed before this call.
        public var reused = 0
        /// Number of tokens generated in this call.
        public var tokens = 0
        /// Number of prompts skipped because they fill the context, in all shards.
        public var skippedPrompts = 0
        /// What an endpoint was asked; nil for a local model.
        public var endpoint: EndpointSummary?
    }

    /// The accepted numbers of slots, each of which takes memory of the KV cache.
    public static let slotsLimits = 1...1024

    private let answerer: any Answerer
    let options: Options

    /// - Parameters:
    ///   - author: the model that generates the answers
    ///   - options: everything else that decides the output
    public init(author: Author, options: Options) {
        precondition(
            options.topLogprobs == nil, "distributions of a model on disk are labelled, not kept in records")
        self.init(answerer: LocalAnswerer(author: author, options: options), options: options)
    }

    /// - Parameters:
    ///   - endpoint: the model that generates the answers, behind an API
    ///   - options: everything else that decides the output; `skipsLongPrompts` and `arithmetic` have no effect
    /// - Throws: `UserError` when an environment variable with a key is missing, or `topLogprobs` is asked for on the route completions
    public init(endpoint: Endpoint, options: Options) throws {
        self.init(answerer: try EndpointAnswerer(endpoint: endpoint, options: options), options: options)
    }

    private init(answerer: any Answerer, options: Options) {
        precondition(
            Options.samplesLimits.contains(options.samples), "\(options.samples) answers to each prompt")
        precondition(
            options.shard == nil || options.tokenBudget == nil, "a token budget is one of the whole corpus")
        self.answerer = answerer
        self.options = options
    }

    /// Answers every prompt, in order, `samples` times each.
    ///
    /// An endpoint's answers are kept in a journal as they arrive, from which records are made: a later run over the same journal
    /// asks for no answer twice. A prompt that the endpoint does not answer has no record.
    ///
    /// - Parameters:
    ///   - prompts: what to answer
    ///   - output: the JSONL file; if it exists and was made from the same model, prompts and options, nothing is done
    ///   - slots: sequences generated at once by a local model; affects the speed only
    ///   - stage: the name in progress events
    ///   - journal: where an endpoint's answers are kept; nil is `OUTPUT.answers`
    ///   - progress: receives the answers done
    /// - Throws: `UserError` with file and line of a prompt that cannot be answered; when `output` or unfinished work was made
    ///   with other options, which are named; when another process writes to it; when an endpoint answers no longer; or when the
    ///   disk refuses; `Interrupted`
    @discardableResult
    public func run(
        prompts: [SynthesisPrompt], into output: URL, slots: Int = 16, stage: String = "generate",
        journal: URL? = nil, progress: ProgressHandler? = nil
    ) throws -> Summary {
        let unfinished = UnfinishedSynthesis(output: output)
        var origin = try answerer.origin(of: prompts)
        let (answerable, skipped) = try chosen(prompts)
        let total = answerable.count * options.samples
        var summary = Summary(records: total, skippedPrompts: skipped)
        if try unfinished.isFinished(origin) {
            progress?(.note("\(stage): \(output.relativePath) is complete"))
            summary.records =
                answerer.answersEvery
                ? try unfinished.finishedRecords(samples: options.samples, prompts: answerable.map(\.index))
                : try JSONLines.count(of: output)
            summary.reused = summary.records
            return summary
        }
        var (log, spent) = try unfinished.open(
            for: origin, samples: options.samples, prompts: answerable.map(\.index),
            keepsRecords: answerer.answersEvery)
        summary.reused = log.lineCount
        progress?(.began(stage: stage, total: total, unit: "answers"))
        if summary.reused > 0 {
            progress?(.note("\(stage): resumed at answer \(summary.reused + 1) of \(total)"))
        }
        let run = AnswerRun(
            slots: slots, stage: stage, journal: journal ?? output.appendingPathExtension("answers"),
            progress: progress)
        let end = try answerer.answer(
            answerable, from: summary.reused, run, isEnough: { spent >= options.tokenBudget ?? .max }
        ) { records, tokens in
            for record in records where spent < options.tokenBudget ?? .max {
                try unfinished.append(record, to: log)
                spent += record.meta.tokens
            }
            progress?(.advanced(stage: stage, done: log.lineCount, tokens: tokens, loss: nil))
        }
        (summary.tokens, summary.endpoint) = (end.tokens, end.endpoint)
        summary.reused += end.endpoint?.reusedRecords ?? 0
        summary.records = log.lineCount
        try end.endpoint?.requireAnswers(records: summary.records, of: total)
        try log.synchronize()
        origin.isPartial = end.endpoint?.budgetEnded == nil ? nil : true
        try unfinished.finish(origin)
        return summary
    }

    /// Answers every prompt as above and passes on the lines of the output, in order; such a run cannot be resumed.
    ///
    /// - Parameters:
    ///   - prompts: what to answer
    ///   - slots: sequences generated at once by a local model; affects the speed only
    ///   - stage: the name in progress events
    ///   - progress: receives the answers done
    ///   - onLine: receives each line without its line break
    /// - Throws: `UserError` with file and line of a prompt that cannot be answered or when an endpoint answers no longer,
    ///   `Interrupted`, and what `onLine` throws
    public func run(
        prompts: [SynthesisPrompt], slots: Int = 16, stage: String = "generate",
        progress: ProgressHandler? = nil, onLine: (Data) throws -> Void
    ) throws -> Summary {
        let (answerable, skipped) = try chosen(prompts)
        let total = answerable.count * options.samples
        var summary = Summary(skippedPrompts: skipped)
        var spent = 0
        progress?(.began(stage: stage, total: total, unit: "answers"))
        let end = try answerer.answer(
            answerable, from: 0, AnswerRun(slots: slots, stage: stage, progress: progress),
            isEnough: { spent >= options.tokenBudget ?? .max }
        ) { records, tokens in
            for record in records where spent < options.tokenBudget ?? .max {
                try onLine(try JSONEncoder.stable.encode(record))
                spent += record.meta.tokens
                summary.records += 1
            }
            progress?(.advanced(stage: stage, done: summary.records, tokens: tokens, loss: nil))
        }
        (summary.tokens, summary.endpoint) = (end.tokens, end.endpoint)
        try end.endpoint?.requireAnswers(records: summary.records, of: total)
        return summary
    }

    /// The prompts that are answered, with their indices, and the number of those that cannot be.
    private func chosen(
        _ prompts: [SynthesisPrompt]
    ) throws -> (prompts: [(index: Int, prompt: SynthesisPrompt)], skipped: Int) {
        let answerable = try answerer.answerable(prompts)
        let range = options.shard?.range(of: answerable.count) ?? 0..<answerable.count
        return (Array(answerable[range]), prompts.count - answerable.count)
    }
}
