import Foundation
import Support
import Transformer

/// Everything that decides the records. Unfinished work is resumed only with an equal origin.
struct SynthesisOrigin: Codable, Equatable {
    let model: String
    let weights: Fingerprint
    let template: String?
    let prompts: Fingerprint
    var options: Synthesis.Options
    /// The address of the model's API; nil for a local model.
    var endpoint: String?
    /// Whether prompts are left to ask, after the end of a budget; nil for false.
    var isPartial: Bool?
    /// SHA-256 of the finished output; nil before.
    var output: Fingerprint?

    private enum CodingKeys: String, CodingKey {
        case model, weights, template, prompts, options, endpoint, output
        case isPartial = "partial"
    }

    init(author: Synthesis.Author, options: Synthesis.Options, prompts: [SynthesisPrompt]) throws {
        model = author.name
        weights = author.fingerprint
        template = author.template?.identity
        self.prompts = try Self.digest(of: prompts)
        self.options = options
    }

    init(endpoint: Endpoint, options: Synthesis.Options, prompts: [SynthesisPrompt]) throws {
        model = endpoint.model
        weights = Fingerprint(hashing: endpoint.identity.text)
        template = nil
        self.prompts = try Self.digest(of: prompts)
        self.options = options
        self.endpoint = endpoint.address.description
        // Until a run has asked all prompts.
        isPartial = true
    }

    private static func digest(of prompts: [SynthesisPrompt]) throws -> Fingerprint {
        // Sources are a part of the records; prompts without them have the digest that they had before there were sources.
        try Fingerprint(
            hashing: prompts.map { try JSONEncoder.stable.encode($0.question) }
                + prompts.compactMap { try $0.source.map { try JSONEncoder.stable.encode($0) } })
    }

    /// The differences from the origin of work found on disk, one line for each.
    func differences(from other: SynthesisOrigin) -> [String] {
        var lines: [String] = []
        func compare<Value: Equatable>(
            _ name: String, shown: Bool = true, _ value: (SynthesisOrigin) -> Value
        ) {
            let (here, there) = (value(self), value(other))
            guard here != there else { return }
            lines.append(shown ? "\(name) is \(here) here and \(there) there" : "\(name) differ")
        }
        compare("the model", \.model)
        if endpoint != other.endpoint {
            lines.append(
                "the model is \(endpoint.map { "at \($0)" } ?? "local") here and "
                    + "\(other.endpoint.map { "at \($0)" } ?? "local") there")
        } else if model == other.model {
            compare(
                endpoint == nil ? "the model's files" : "the endpoint's parameters", shown: false, \.weights)
        }
        if (template == nil) != (other.template == nil) || template != other.template {
            lines.append("the chat template differs")
        }
        compare("the prompts", shown: false, \.prompts)
        compare("temperature", \.options.sampling.temperature)
        compare("top-k", \.options.sampling.topK)
        compare("top-p", \.options.sampling.topP)
        compare("min-p", \.options.sampling.minP)
        compare("repetition-penalty", \.options.sampling.repetitionPenalty)
        compare("max-new-tokens", \.options.sampling.maxNewTokens)
        compare("samples", \.options.samples)
        compare("token-budget") { $0.options.tokenBudget.map(String.init) ?? "none" }
        compare("top-logprobs") { $0.options.topLogprobs.map(String.init) ?? "none" }
        compare("shard") { $0.options.shard?.description ?? "none" }
        compare("seed", \.options.seed)
        compare("stop", \.options.stop)
        compare("answer", \.options.answer)
        compare("skip-long", \.options.skipsLongPrompts)
        compare("the arithmetic", \.options.arithmetic.rawValue)
        return lines
    }
}

extension SynthesisPrompt.Question: Encodable {
    private enum CodingKeys: String, CodingKey {
        case messages, prompt, text
        case userTurn = "user_turn_after"
    }

    /// Encodes the question with the key that it was read from.
    ///
    /// - Throws: what the encoder throws
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .chat(let messages): try container.encode(messages, forKey: .messages)
        case .prompt(let text): try container.encode(text, forKey: .prompt)
        case .text(let text): try container.encode(text, forKey: .text)
        case .userTurn(let messages): try container.encode(messages, forKey: .userTurn)
        }
    }
}
