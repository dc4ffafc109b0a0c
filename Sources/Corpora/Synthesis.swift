import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// Lets a model answer prompts: a synthetic corpus (sequence-level distillation, Kim & Rush 2016, arXiv 1606.07947).
///
/// Answers are appended one line each to `OUTPUT.partial`, which takes its final name once the last one is there.
/// Started again after a kill, the work goes on after the last whole line. An answer depends on the seed, its prompt's
/// place and its sample's number alone, so the file's bytes are those of a run never killed.
public struct Synthesis {
    /// What decides the bytes of the output, besides model and prompts.
    public struct Options: Codable, Equatable, Sendable {
        public var sampling: SamplingOptions
        /// Answers to each prompt.
        public var samples: Int
        public var seed: UInt64
        /// Texts that end an answer; they are cut off.
        public var stop: [String]

        public init(sampling: SamplingOptions, samples: Int = 1, seed: UInt64 = 0, stop: [String] = []) {
            self.sampling = sampling
            self.samples = samples
            self.seed = seed
            self.stop = stop
        }
    }

    /// The model that answers.
    public struct Author {
        public var decoder: Decoder
        public var tokenizer: Tokenizer
        public var template: ChatTemplate
        /// Tokens that end an answer.
        public var stopIDs: Set<Int32>
        /// The model as the records name it.
        public var name: String
        /// SHA-256 of its weights and configuration.
        public var fingerprint: Fingerprint

        public init(
            decoder: Decoder, tokenizer: Tokenizer, template: ChatTemplate, stopIDs: Set<Int32>, name: String,
            fingerprint: Fingerprint
        ) {
            self.decoder = decoder
            self.tokenizer = tokenizer
            self.template = template
            self.stopIDs = stopIDs
            self.name = name
            self.fingerprint = fingerprint
        }
    }

    private let author: Author
    private let options: Options

    public init(author: Author, options: Options) {
        self.author = author
        self.options = options
    }

    /// Answers every prompt, in order, `samples` times each.
    ///
    /// - Parameters:
    ///   - prompts: chats to answer; a last assistant's turn is replaced; a text is a user's message
    ///   - output: the JSONL file
    /// - Returns: tokens written in this call
    /// - Throws: `UserError` when a prompt leaves no room in the context, when unfinished work of other settings is in
    ///   the way, or when the disk refuses
    @discardableResult
    public func run(
        prompts: [CorpusRecord], into output: URL, stage: String = "generate",
        progress: ProgressHandler? = nil
    ) throws -> Int {
        let chats = prompts.map(\.question)
        let encoded = try encode(chats)
        let total = chats.count * options.samples
        let unfinished = UnfinishedSynthesis(output: output)
        let log = try unfinished.open(
            for: SynthesisOrigin(
                model: author.fingerprint, template: author.template.jinja,
                prompts: Fingerprint(hashing: try chats.map { try JSONEncoder.stable.encode($0) }),
                options: options))
        guard log.lineCount <= total else {
            throw UserError("holds more answers than were asked for", file: unfinished.url.relativePath)
        }
        let done = log.lineCount
        progress?(.began(stage: stage, total: total, unit: "answers"))
        if done > 0 { progress?(.note("\(stage): resumed at answer \(done) of \(total)")) }
        let tokens = try answer(encoded, chats, from: done, to: total, log: log) { finished, tokens in
            progress?(.advanced(stage: stage, done: finished, tokens: tokens, loss: nil))
        }
        try log.synchronize()
        try unfinished.finish()
        return tokens
    }

    private func encode(_ chats: [[Message]]) throws -> [[Int32]] {
        let context = author.decoder.configuration.contextLength
        return try chats.enumerated().map { index, chat in
            let ids = try author.template.encode(chat, with: author.tokenizer, addGenerationPrompt: true).ids
            guard ids.count < context else {
                throw UserError(
                    "prompt \(index + 1) has \(ids.count) tokens and leaves no room in the model's context of "
                        + "\(context)", remedy: "shorten the prompt")
            }
            return ids
        }
    }

    /// Answers the requests `first ..< last`; request r is sample r % samples of prompt r / samples.
    private func answer(
        _ prompts: [[Int32]], _ chats: [[Message]], from first: Int, to last: Int, log: AppendLog,
        progress: (_ finished: Int, _ tokens: Int) -> Void
    ) throws -> Int {
        let longest = prompts.map(\.count).max() ?? 0
        let capacity = min(
            author.decoder.configuration.contextLength, longest + options.sampling.maxNewTokens)
        let requests = (first..<last).lazy.map { request in
            GenerationRequest(
                prompt: prompts[request / options.samples], options: options.sampling,
                stream: RandomStream(seed: options.seed, purpose: "synthesis", index: UInt64(request)),
                stopIDs: author.stopIDs)
        }
        var watchers: [Int: StopWatcher] = [:]
        var tokens = 0
        try BatchGenerator(author.decoder, capacity: capacity).run(
            requests, order: .request,
            onToken: { index, token in
                tokens += 1
                guard !options.stop.isEmpty else { return .proceed }
                return watchers[index, default: StopWatcher(author.tokenizer, stop: options.stop)].sees(token)
                    ? .stop : .proceed
            },
            onFinish: { generation in
                let request = first + generation.request
                let text =
                    try watchers.removeValue(forKey: generation.request)?.text
                    ?? author.tokenizer.decode(generation.tokens)
                try log.append(
                    SyntheticRecord(
                        messages: chats[request / options.samples] + [
                            Message(role: .assistant, content: text)
                        ],
                        meta: SyntheticRecord.Meta(
                            model: author.name, seed: options.seed, prompt: request / options.samples,
                            sample: request % options.samples, sampling: options.sampling,
                            finishReason: generation.reason, tokens: generation.tokens.count)))
                progress(request + 1, tokens)
            })
        return tokens
    }
}

extension CorpusRecord {
    /// What the model is asked: a chat up to its last user's turn, or a text as a user's message.
    var question: [Message] { prompt ?? texts.map { Message(role: .user, content: $0) } }
}

/// One answer, as a line of the output.
struct SyntheticRecord: Codable {
    struct Meta: Codable {
        let model: String
        let seed: UInt64
        /// Place of the prompt in its file, from 0.
        let prompt: Int
        let sample: Int
        let sampling: SamplingOptions
        let finishReason: FinishReason
        let tokens: Int

        enum CodingKeys: String, CodingKey {
            case model, seed, prompt, sample, sampling, tokens
            case finishReason = "finish_reason"
        }
    }

    let messages: [Message]
    let meta: Meta
}

/// Follows an answer's text until it holds a stop string.
private struct StopWatcher {
    private let stop: [String]
    private var decoder: StreamingDecoder
    private var seen = ""

    init(_ tokenizer: Tokenizer, stop: [String]) {
        self.stop = stop
        decoder = StreamingDecoder(tokenizer)
    }

    mutating func sees(_ token: Int32) -> Bool {
        seen += decoder.append(token)
        return stop.contains { seen.contains($0) }
    }

    /// The answer up to its first stop string.
    var text: String {
        var copy = self
        let whole = seen + copy.decoder.finish()
        let cuts = stop.compactMap { whole.range(of: $0)?.lowerBound }
        return cuts.min().map { String(whole[..<$0]) } ?? whole
    }
}
