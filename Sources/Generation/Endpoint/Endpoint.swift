import Foundation
import Support

/// A model behind an OpenAI-compatible API, as a teacher that generates answers.
///
///     var endpoint = Endpoint(address: try EndpointAddress("https://api.openai.com/v1"), model: "gpt-4.1-mini")
///     endpoint.key = "OPENAI_API_KEY"
///     endpoint.prices = .init(input: 0.4, output: 1.6)
///     endpoint.budget.cost = 5
///     let synthesis = try Synthesis(endpoint: endpoint, options: .init(sampling: .init(), samples: 4, seed: 17))
///     try synthesis.run(prompts: prompts, into: URL(filePath: "corpus.jsonl"))
///
/// Keys are read from the environment when a run begins. They are sent to the address and nowhere else, never written to a
/// file, and removed from what a server says about them.
public struct Endpoint: Equatable, Sendable {
    /// Which route answers.
    public enum Route: String, CaseIterable, Codable, Sendable {
        /// `/chat/completions`: prompts are chats, which the server's template writes.
        case chat
        /// `/completions`: prompts are beginnings of texts.
        case completions
    }

    /// The name of the parameter that bounds an answer.
    public enum TokenLimitName: String, CaseIterable, Codable, Sendable {
        /// Of most servers.
        case maxTokens = "max_tokens"
        /// Of OpenAI's reasoning models, which refuse `max_tokens`.
        case maxCompletionTokens = "max_completion_tokens"
    }

    /// Prices for a million tokens, in any currency.
    public struct Prices: Equatable, Sendable {
        /// Of prompts.
        public var input: Double
        /// Of answers, reasoning included.
        public var output: Double

        /// Prices for a million tokens.
        public init(input: Double, output: Double) { (self.input, self.output) = (input, output) }

        /// What some tokens cost.
        public func cost(input tokens: Int, output answer: Int) -> Double {
            (Double(tokens) * input + Double(answer) * output) / 1e6
        }
    }

    /// What all requests together may take; a run ends before it takes more.
    public struct Budget: Equatable, Sendable {
        /// Requests, those that fail included.
        public var requests: Int?
        /// Tokens of prompts and answers.
        public var tokens: Int?
        /// Money, in the currency of the prices.
        public var cost: Double?

        /// A budget; nil is no bound.
        public init(requests: Int? = nil, tokens: Int? = nil, cost: Double? = nil) {
            (self.requests, self.tokens, self.cost) = (requests, tokens, cost)
        }
    }

    /// Where the API is.
    public var address: EndpointAddress
    /// The model's name there.
    public var model: String
    /// Which route answers.
    public var route = Route.chat
    /// The environment variable with the key, which is sent as `Authorization: Bearer`; nil where none is needed.
    public var key: String?
    /// Further header fields: the environment variable that holds the value of each.
    public var headers: [String: String] = [:]
    /// Further parameters of every request, such as `reasoning_effort`; null leaves out one that is sent otherwise.
    public var parameters: [OrderedJSON.Member] = []
    /// The name of the parameter that bounds an answer.
    public var tokenLimit = TokenLimitName.maxTokens
    /// Whether `seed` is sent.
    public var sendsSeed = true
    /// Requests at once.
    public var concurrency = standardConcurrency
    /// Seconds within which a whole answer must arrive.
    public var timeout = standardTimeout
    /// When requests are sent again.
    public var retry = RetryPolicy()
    /// Prices; nil where they are not known or there are none.
    public var prices: Prices?
    /// What all requests together may take.
    public var budget = Budget()

    /// The accepted numbers of requests at once.
    public static let concurrencyLimits = 1...512
    /// Eight requests at once are few enough for free plans and keep a server with continuous batching busy.
    public static let standardConcurrency = 8
    /// The accepted seconds for an answer.
    public static let timeoutLimits = NumberLimits(1...86400)
    /// That of OpenAI's own clients.
    public static let standardTimeout = 600.0
    /// The accepted prices and costs.
    public static let moneyLimits = NumberLimits(0...1e9)
    /// The accepted budgets of money.
    public static let costLimits = NumberLimits(above: 0, upTo: 1e9)

    /// An endpoint with the default settings.
    public init(address: EndpointAddress, model: String) {
        (self.address, self.model) = (address, model)
    }

    /// What decides an answer beside the prompt and the sampling options; neither keys nor limits.
    package var identity: OrderedJSON {
        .object([
            .init("endpoint", .string(address.description)), .init("model", .string(model)),
            .init("route", .string(route.rawValue)), .init("parameters", .object(parameters)),
            .init("token_limit", .string(tokenLimit.rawValue)), .init("send_seed", .boolean(sendsSeed)),
        ])
    }

    /// The same endpoint on the route that continues texts.
    package var onCompletions: Endpoint {
        var endpoint = self
        endpoint.route = .completions
        return endpoint
    }

    /// A digest of what decides an answer, in place of one of a model's weights.
    package var fingerprint: Fingerprint { Fingerprint(hashing: "endpoint", identity.text) }
}
