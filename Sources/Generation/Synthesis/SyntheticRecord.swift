import Support
import Tokenization
import Transformer

/// One line of the output: the conversation or text, and its origin.
struct SyntheticRecord: Codable {
    enum Content: Equatable {
        case messages([Message], tools: [OrderedJSON] = [])
        case completion(prompt: String, completion: String)
        case text(String)
    }

    /// The origin of a record.
    struct Meta: Codable, Equatable {
        let model: String
        let seed: UInt64
        /// Index of the prompt, from 0.
        let prompt: Int
        /// Index of the answer among those to the same prompt, from 0.
        let sample: Int
        let sampling: SamplingOptions
        let stop: [String]?
        /// Why the last answer ended.
        let finishReason: AnswerEnding
        /// Number of tokens of all answers.
        let tokens: Int
        /// The address of the model's API; nil for a local model.
        var endpoint: String?
        /// Where the prompt comes from; nil if nothing is known of it.
        var source: OrderedJSON?

        enum CodingKeys: String, CodingKey {
            case model, seed, prompt, sample, sampling, stop, tokens, endpoint, source
            case finishReason = "finish_reason"
        }
    }

    let content: Content
    let meta: Meta
    /// The likeliest tokens at each token of the generated answers, in order; nil where they were not asked for.
    let logprobs: [AnswerLogprobs]?

    private enum CodingKeys: String, CodingKey {
        case messages, tools, prompt, completion, text, meta, logprobs
    }

    init(content: Content, meta: Meta, logprobs: [AnswerLogprobs]? = nil) {
        self.content = content
        self.meta = meta
        self.logprobs = logprobs
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        meta = try container.decode(Meta.self, forKey: .meta)
        logprobs = try container.decodeIfPresent([AnswerLogprobs].self, forKey: .logprobs)
        if let messages = try container.decodeIfPresent([Message].self, forKey: .messages) {
            content = .messages(
                messages, tools: try container.decodeIfPresent([OrderedJSON].self, forKey: .tools) ?? [])
        } else if let text = try container.decodeIfPresent(String.self, forKey: .text) {
            content = .text(text)
        } else {
            content = .completion(
                prompt: try container.decode(String.self, forKey: .prompt),
                completion: try container.decode(String.self, forKey: .completion))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(meta, forKey: .meta)
        try container.encodeIfPresent(logprobs, forKey: .logprobs)
        switch content {
        case .messages(let messages, let tools):
            try container.encode(messages, forKey: .messages)
            if !tools.isEmpty { try container.encode(tools, forKey: .tools) }
        case .completion(let prompt, let completion):
            try container.encode(prompt, forKey: .prompt)
            try container.encode(completion, forKey: .completion)
        case .text(let text): try container.encode(text, forKey: .text)
        }
    }
}

/// Why an answer ended: a `FinishReason`, or the word of an endpoint.
struct AnswerEnding: RawRepresentable, Hashable, Codable {
    let rawValue: String

    init(rawValue: String) { self.rawValue = rawValue }
    init(_ reason: FinishReason) { rawValue = reason.rawValue }

    static let stop = AnswerEnding(.stop)
    static let stopString = AnswerEnding(.stopString)
    static let length = AnswerEnding(.length)
    /// The endpoint does not say.
    static let unknown = AnswerEnding(rawValue: "unknown")
}
