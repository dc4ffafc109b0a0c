import ArgumentParser
import Foundation
import Generation
import Support

extension Endpoint.Route: ExpressibleByArgument {}
extension Endpoint.TokenLimitName: ExpressibleByArgument {}

/// The options of a model behind an OpenAI-compatible API.
struct EndpointFlags: ParsableArguments {
    @Option(help: ArgumentHelp("The model's name there.", valueName: "name"))
    var modelName: String?
    @Option(help: "chat: prompts are chats. completions: prompts are beginnings of texts. (default: chat)")
    var route: Endpoint.Route?
    @Option(
        help: ArgumentHelp(
            "The environment variable that holds the key, such as OPENAI_API_KEY; never the key itself.",
            valueName: "variable"))
    var keyVariable: String?
    @Option(
        help: ArgumentHelp(
            "A further header field and the environment variable that holds its value; may be repeated.",
            valueName: "field=variable"))
    var header: [String] = []
    @Option(
        help: ArgumentHelp(
            "A further parameter of every request, as in reasoning_effort=low, its value JSON or a text; null leaves one out. May be repeated.",
            valueName: "name=value"))
    var parameter: [String] = []
    @Option(
        help: ArgumentHelp(
            "The parameter that bounds an answer; OpenAI's reasoning models take max_completion_tokens. (default: max_tokens)",
            valueName: "name"))
    var tokenLimit: Endpoint.TokenLimitName?
    @Flag(help: "Send no seed with requests.")
    var noSendSeed = false
    @Option(help: "Requests at once. (default: \(Endpoint.standardConcurrency))")
    var concurrency: Int?
    @Option(
        help: ArgumentHelp(
            "Seconds within which a whole answer must arrive. (default: \(Int(Endpoint.standardTimeout)))",
            valueName: "seconds"))
    var timeout: Double?
    @Option(
        help:
            "How often a request is sent again while others are answered. (default: \(RetryPolicy().retries))"
    )
    var retries: Int?
    @Option(
        help: ArgumentHelp(
            "The longest wait before the first retry; it doubles with each. (default: 1)",
            valueName: "seconds"))
    var retryDelay: Double?
    @Option(
        help: ArgumentHelp(
            "Seconds without any answer after which the run ends, to be resumed later. (default: \(Int(RetryPolicy().patience)))",
            valueName: "seconds"))
    var patience: Double?
    @Option(
        help: ArgumentHelp(
            "Prompts that fail one after another after which the run ends. (default: \(RetryPolicy().mostFailuresInARow))",
            valueName: "count"))
    var maxFailuresInARow: Int?
    @Option(help: ArgumentHelp("Price of a million tokens of prompts, in any currency.", valueName: "price"))
    var inputPrice: Double?
    @Option(help: ArgumentHelp("Price of a million tokens of answers.", valueName: "price"))
    var outputPrice: Double?
    @Option(
        help: ArgumentHelp(
            "Send no more requests than this, retries and earlier runs of the command included.",
            valueName: "count"))
    var maxRequests: Int?
    @Option(
        help: ArgumentHelp("The same for tokens, of prompts and answers.", valueName: "count"))
    var maxTokensSpent: Int?
    @Option(help: ArgumentHelp("The same for money, by the prices.", valueName: "cost"))
    var maxCost: Double?

    /// The first of the options that was given; nil where there is none.
    var given: String? {
        let flags: [(Bool, String)] = [
            (modelName != nil, "--model-name"), (route != nil, "--route"),
            (keyVariable != nil, "--key-variable"),
            (!header.isEmpty, "--header"), (!parameter.isEmpty, "--parameter"),
            (tokenLimit != nil, "--token-limit"),
            (noSendSeed, "--no-send-seed"), (concurrency != nil, "--concurrency"),
            (timeout != nil, "--timeout"),
            (retries != nil, "--retries"), (retryDelay != nil, "--retry-delay"),
            (patience != nil, "--patience"),
            (maxFailuresInARow != nil, "--max-failures-in-a-row"), (inputPrice != nil, "--input-price"),
            (outputPrice != nil, "--output-price"), (maxRequests != nil, "--max-requests"),
            (maxTokensSpent != nil, "--max-tokens-spent"), (maxCost != nil, "--max-cost"),
        ]
        return flags.first { $0.0 }?.1
    }

    func validate() throws {
        if let concurrency { try require(Endpoint.concurrencyLimits.problem("--concurrency", concurrency)) }
        if let retries { try require(RetryPolicy.retriesLimits.problem("--retries", retries)) }
        if let maxFailuresInARow {
            try require(RetryPolicy.failuresLimits.problem("--max-failures-in-a-row", maxFailuresInARow))
        }
        try require((1...Int.max).problem("--max-requests", maxRequests ?? 1))
        try require((1...Int.max).problem("--max-tokens-spent", maxTokensSpent ?? 1))
        let numbers: [(String, Double?, NumberLimits)] = [
            ("--timeout", timeout, Endpoint.timeoutLimits),
            ("--retry-delay", retryDelay, RetryPolicy.delayLimits),
            ("--patience", patience, RetryPolicy.patienceLimits),
            ("--input-price", inputPrice, Endpoint.moneyLimits),
            ("--output-price", outputPrice, Endpoint.moneyLimits),
            ("--max-cost", maxCost, Endpoint.costLimits),
        ]
        for (name, value, limits) in numbers {
            if let value, !limits.contains(value) {
                throw ValidationError("\(name) \(value) is out of range; expected: \(limits)")
            }
        }
        if (inputPrice == nil) != (outputPrice == nil) {
            throw ValidationError("--input-price and --output-price are given together")
        }
        if maxCost != nil, inputPrice == nil {
            throw ValidationError("--max-cost needs --input-price and --output-price")
        }
        if let keyVariable, let problem = Endpoint.problem(ofVariable: keyVariable) {
            throw ValidationError("--key-variable: \(problem); \(Endpoint.variableHint)")
        }
        _ = try headers()
        _ = try parameters()
    }

    /// Refuses the options beside a model on disk.
    func refuse(for model: String) throws {
        guard let flag = given else { return }
        throw ValidationError(
            "\(flag) is of a model behind an API; \(model) is not the address of one (http://… or https://…)")
    }

    /// What only a run with an endpoint needs.
    func validate(output: String) throws {
        guard modelName?.isEmpty == false else {
            throw ValidationError("--model-name is missing: the name of the model at that address")
        }
    }

    /// Messages do not repeat what may be a key.
    private func headers() throws -> [String: String] {
        var headers: [String: String] = [:]
        for text in header {
            guard let end = text.firstIndex(of: "=") else {
                throw ValidationError("--header: FIELD=VARIABLE is expected; \(Endpoint.variableHint)")
            }
            let (name, variable) = (String(text[..<end]), String(text[text.index(after: end)...]))
            if let problem = Endpoint.problem(ofHeader: name) ?? Endpoint.problem(ofVariable: variable) {
                throw ValidationError("--header: \(problem); \(Endpoint.variableHint)")
            }
            headers[name] = variable
        }
        return headers
    }

    private func parameters() throws -> [OrderedJSON.Member] {
        try parameter.map { text in
            guard let end = text.firstIndex(of: "="), end > text.startIndex else {
                throw ValidationError("--parameter: name=value is expected")
            }
            let name = String(text[..<end])
            let given = String(text[text.index(after: end)...])
            let value = (try? OrderedJSON(Data(given.utf8), name: "--parameter")) ?? .string(given)
            if let problem = Endpoint.problem(ofParameter: name, value) {
                throw ValidationError("--parameter: \(problem)")
            }
            return OrderedJSON.Member(name, value)
        }
    }

    /// The endpoint at an address.
    ///
    /// - Throws: `UserError` for what is no address
    func endpoint(at text: String) throws -> Endpoint {
        var endpoint = Endpoint(address: try EndpointAddress(text), model: modelName ?? "")
        if let route { endpoint.route = route }
        endpoint.key = keyVariable
        endpoint.headers = try headers()
        endpoint.parameters = try parameters()
        if let tokenLimit { endpoint.tokenLimit = tokenLimit }
        endpoint.sendsSeed = !noSendSeed
        if let concurrency { endpoint.concurrency = concurrency }
        if let timeout { endpoint.timeout = timeout }
        if let retries { endpoint.retry.retries = retries }
        if let retryDelay { endpoint.retry.firstDelay = retryDelay }
        if let patience { endpoint.retry.patience = patience }
        if let maxFailuresInARow { endpoint.retry.mostFailuresInARow = maxFailuresInARow }
        if let inputPrice, let outputPrice { endpoint.prices = .init(input: inputPrice, output: outputPrice) }
        endpoint.budget = .init(requests: maxRequests, tokens: maxTokensSpent, cost: maxCost)
        return endpoint
    }
}
