import Foundation
import Generation
import RecipeSchema
import Support

/// A model behind an API, among the recipe's `endpoints`.
struct EndpointSettings: Sendable, RecipeSection {
    let endpoint: Endpoint
    /// The name in the recipe; set once it is known.
    var name = ""
    /// What decides the answers, and the budget, which decides how many there are.
    let canonical: CanonicalValue

    init(_ section: Section) {
        let address = section.value(
            "url", .endpointAddress, example: "https://api.openai.com/v1", inCacheKey: false,
            "The base address of an OpenAI-compatible API.")
        let model = section.value(
            "model", .text, example: "gpt-4.1-mini", inCacheKey: false, "The model's name there.")
        var endpoint = Endpoint(address: address, model: model)
        endpoint.route = section.value(
            "route", .choice, default: endpoint.route, inCacheKey: false,
            "chat: prompts are chats. completions: prompts are beginnings of texts.")
        endpoint.key = section.optional(
            "key", .environmentVariable, example: "OPENAI_API_KEY", inCacheKey: false,
            "The environment variable that holds the key; never the key itself.")
        endpoint.headers = Dictionary(
            section.value(
                "headers", .named(.environmentVariable), default: [], inCacheKey: false,
                "Further header fields, each with the environment variable that holds its value."
            ).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        endpoint.parameters = section.value(
            "parameters", .requestParameters, default: [], defaultText: "none",
            inCacheKey: false,
            "Further parameters of every request, such as {reasoning_effort: low}; null leaves one out.")
        endpoint.tokenLimit = section.value(
            "token_limit", .choice, default: endpoint.tokenLimit, inCacheKey: false,
            "The parameter that bounds an answer; OpenAI's reasoning models take max_completion_tokens.")
        endpoint.sendsSeed = section.value(
            "send_seed", .boolean, default: endpoint.sendsSeed, inCacheKey: false,
            "Send a seed with each request.")
        endpoint.concurrency = section.value(
            "concurrency", .integer(Endpoint.concurrencyLimits), default: endpoint.concurrency,
            inCacheKey: false, "Requests at once.")
        endpoint.timeout = section.value(
            "timeout", .number(Endpoint.timeoutLimits), default: endpoint.timeout, inCacheKey: false,
            "Seconds within which a whole answer must arrive.")
        endpoint.retry = Self.retry(section)
        endpoint.prices = section.optional(
            "prices", .section(PriceKeys.self, \.prices), inCacheKey: false,
            "Prices for a million tokens, in any currency.")
        endpoint.budget = Self.budget(section)
        if endpoint.budget.cost != nil, endpoint.prices == nil, section.sound("prices") {
            section.problem(
                at: "max_cost", "a cost without prices", hint: "give prices: {input: …, output: …}")
        }
        for (name, _) in endpoint.headers {
            if let problem = Endpoint.problem(ofHeader: name) { section.problem(at: "headers", problem) }
        }
        self.endpoint = endpoint
        canonical = Self.canonical(of: endpoint)
    }

    private static func retry(_ section: Section) -> RetryPolicy {
        var retry = RetryPolicy()
        retry.retries = section.value(
            "retries", .integer(RetryPolicy.retriesLimits), default: retry.retries, inCacheKey: false,
            "How often a request is sent again while others are answered.")
        retry.firstDelay = section.value(
            "retry_delay", .number(RetryPolicy.delayLimits), default: retry.firstDelay, inCacheKey: false,
            "The longest wait before the first retry, in seconds; it doubles with each.")
        retry.patience = section.value(
            "patience", .number(RetryPolicy.patienceLimits), default: retry.patience, inCacheKey: false,
            "Seconds without any answer after which the run ends, to be resumed later.")
        retry.mostFailuresInARow = section.value(
            "max_failures_in_a_row", .integer(RetryPolicy.failuresLimits), default: retry.mostFailuresInARow,
            inCacheKey: false, "Prompts that fail one after another after which the run ends.")
        return retry
    }

    private static func budget(_ section: Section) -> Endpoint.Budget {
        Endpoint.Budget(
            requests: section.optional(
                "max_requests", .integer(1...), defaultText: "no bound", inCacheKey: false,
                "Requests of the whole run directory, retries and earlier runs included, after which no more are sent."
            ),
            tokens: section.optional(
                "max_tokens_spent", .integer(1...), defaultText: "no bound", inCacheKey: false,
                "The same for tokens, of prompts and answers."),
            cost: section.optional(
                "max_cost", .number(Endpoint.costLimits), defaultText: "no bound", inCacheKey: false,
                "The same for money, by prices."))
    }

    private static func canonical(of endpoint: Endpoint) -> CanonicalValue {
        var keys: [String: CanonicalValue] = ["endpoint": .text(endpoint.identity.text)]
        let budget = endpoint.budget
        if let requests = budget.requests { keys["max_requests"] = .integer(requests) }
        if let tokens = budget.tokens { keys["max_tokens_spent"] = .integer(tokens) }
        if let cost = budget.cost, let prices = endpoint.prices {
            keys["max_cost"] = .list([.number(cost), .number(prices.input), .number(prices.output)])
        }
        return .map(keys)
    }

    /// The journal of the answers.
    ///
    /// - Parameter directory: of all journals of a run; it is created
    func journal(in directory: URL) throws -> URL {
        try FileManager.default.createDirectories(at: directory)
        let digest = Fingerprint(hashing: endpoint.identity.text).hexadecimal.prefix(12)
        return directory.appending(path: "\(name)-\(digest).answers")
    }
}

/// The key `prices`.
private struct PriceKeys: RecipeSection {
    let prices: Endpoint.Prices

    init(_ section: Section) {
        prices = Endpoint.Prices(
            input: section.value(
                "input", .number(Endpoint.moneyLimits), "Of a million tokens of prompts."),
            output: section.value(
                "output", .number(Endpoint.moneyLimits), "Of a million tokens of answers."))
    }
}

extension Section {
    /// The key `endpoints` of the top level.
    func endpoints() -> [String: EndpointSettings] {
        let given: [(name: String, value: EndpointSettings)] = value(
            "endpoints", .named(.section(EndpointSettings.self)), default: [],
            "Models behind an API, by names that stages use in place of a model's.")
        var endpoints: [String: EndpointSettings] = [:]
        for (name, settings) in given {
            let isName = name.wholeMatch(of: /[a-z0-9_][a-z0-9_-]{0,63}/) != nil
            if !isName || ["teacher", "stages"].contains(name) {
                problem(
                    at: "endpoints", "\"\(name.prefix(80))\" cannot be the name of an endpoint",
                    hint: "lower-case letters, digits, - and _")
            }
            var settings = settings
            settings.name = name
            endpoints[name] = settings
        }
        return endpoints
    }
}
