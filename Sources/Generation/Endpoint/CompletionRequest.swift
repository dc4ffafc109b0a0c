import Foundation
import Support
import Tokenization
import Transformer

/// The body of a request to `/chat/completions` or `/completions`.
struct CompletionRequest: Sendable {
    /// What is to be answered.
    enum Question {
        case chat([Message], tools: [OrderedJSON])
        case text(String)
    }

    let route: Endpoint.Route
    /// The body.
    let body: OrderedJSON
    /// What the request takes at most.
    let reserved: TokenUsage
    /// The tokens whose probabilities are asked for; nil where an answer is.
    let scored: ScoredPrompt?
    /// Whether the likeliest tokens at each token of a chat's answer are asked for.
    let wantsLogprobs: Bool

    /// - Parameters:
    ///   - topLogprobs: the number of likeliest tokens at each token of a chat's answer that are asked for; nil for none
    ///   - seed: of the answer; sent if the endpoint takes seeds
    init(
        _ question: Question, sampling: SamplingOptions, stop: [String] = [], topLogprobs: Int? = nil,
        seed: UInt64, endpoint: Endpoint
    ) {
        var members: [OrderedJSON.Member] = [.init("model", .string(endpoint.model))]
        var inputBytes = 0
        switch question {
        case .chat(let messages, let tools):
            members.append(.init("messages", .array(messages.map(Self.json))))
            if !tools.isEmpty { members.append(.init("tools", .array(tools))) }
            inputBytes = messages.reduce(0) { $0 + $1.content.utf8.count + Self.bytesPerMessage }
            for message in messages {
                inputBytes += message.fields.reduce(0) { $0 + $1.value.text.utf8.count }
            }
            inputBytes += tools.reduce(0) { $0 + $1.text.utf8.count }
        case .text(let text):
            members.append(.init("prompt", .string(text)))
            inputBytes = text.utf8.count + Self.bytesPerMessage
        }
        members.append(.init(endpoint.tokenLimit.rawValue, .integer(sampling.maxNewTokens)))
        members += Self.sampling(sampling)
        if endpoint.sendsSeed { members.append(.init("seed", .integer(Int(seed >> 33)))) }
        if !stop.isEmpty { members.append(.init("stop", .array(stop.map(OrderedJSON.string)))) }
        if let topLogprobs {
            members += [.init("logprobs", .boolean(true)), .init("top_logprobs", .integer(topLogprobs))]
        }
        self.init(
            route: endpoint.route, members: members, endpoint: endpoint,
            reserved: TokenUsage(input: inputBytes, output: sampling.maxNewTokens),
            wantsLogprobs: topLogprobs != nil)
    }

    /// A request with these parameters and the endpoint's own.
    init(
        route: Endpoint.Route, members: [OrderedJSON.Member], endpoint: Endpoint, reserved: TokenUsage,
        scored: ScoredPrompt? = nil, wantsLogprobs: Bool = false
    ) {
        var members = members
        for parameter in endpoint.parameters {
            members.removeAll { $0.key == parameter.key }
            if parameter.value != .null { members.append(parameter) }
        }
        (self.route, body, self.reserved) = (route, .object(members), reserved)
        (self.scored, self.wantsLogprobs) = (scored, wantsLogprobs)
    }

    /// Tokens of a template for each message, about: a prompt has at most as many tokens as bytes beside them.
    private static let bytesPerMessage = 16

    /// Only what differs from the model's own distribution is sent: not every server knows every option.
    private static func sampling(_ options: SamplingOptions) -> [OrderedJSON.Member] {
        func number(_ value: Float) -> OrderedJSON { .number(Double("\(value)") ?? Double(value)) }
        var members: [OrderedJSON.Member] = [.init("temperature", number(options.temperature))]
        if options.topP != 1 { members.append(.init("top_p", number(options.topP))) }
        if options.topK > 0 { members.append(.init("top_k", .integer(options.topK))) }
        if options.minP > 0 { members.append(.init("min_p", number(options.minP))) }
        if options.repetitionPenalty != 1 {
            members.append(.init("repetition_penalty", number(options.repetitionPenalty)))
        }
        return members
    }

    /// A message without reasoning, which servers refuse or drop in what they are given, and without `weight`.
    private static func json(_ message: Message) -> OrderedJSON {
        let sent: Set = ["tool_calls", "tool_call_id", "name"]
        return .object(
            [
                .init("role", .string(message.role.rawValue)), .init("content", .string(message.content)),
            ] + message.fields.filter { sent.contains($0.key) })
    }

    /// The name of the answer in a journal: of everything that decides it.
    func key(seed: UInt64, endpoint: Endpoint) -> Fingerprint {
        Fingerprint(hashing: "answer 1", endpoint.identity.text, body.text, "\(seed)")
    }
}

/// Tokens of a request.
struct TokenUsage: Codable, Equatable, Sendable {
    /// Of the prompt.
    var input: Int
    /// Of the answer, reasoning included.
    var output: Int
    /// Whether the server did not say.
    var isEstimated = false

    init(input: Int, output: Int, isEstimated: Bool = false) {
        (self.input, self.output, self.isEstimated) = (input, output, isEstimated)
    }

    /// Of the byte-level tokenizers of large models, in English text about.
    private static let bytesPerToken = 4

    /// The tokens that texts have, about.
    init(estimatedFor inputBytes: Int, _ outputBytes: Int) {
        func tokens(_ bytes: Int) -> Int { (bytes + Self.bytesPerToken - 1) / Self.bytesPerToken }
        self.init(input: tokens(inputBytes), output: max(1, tokens(outputBytes)), isEstimated: true)
    }

    static let zero = TokenUsage(input: 0, output: 0)

    static func += (left: inout TokenUsage, right: TokenUsage) {
        left.input += right.input
        left.output += right.output
    }

    private enum CodingKeys: String, CodingKey {
        case input, output
        case isEstimated = "estimated"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        input = try container.decode(Int.self, forKey: .input)
        output = try container.decode(Int.self, forKey: .output)
        isEstimated = try container.decodeIfPresent(Bool.self, forKey: .isEstimated) ?? false
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(input, forKey: .input)
        try container.encode(output, forKey: .output)
        if isEstimated { try container.encode(true, forKey: .isEstimated) }
    }
}
