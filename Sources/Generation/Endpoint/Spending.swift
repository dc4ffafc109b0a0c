import Support

/// What an endpoint's requests have taken and may still take, against its budget.
struct Spending: Equatable, Sendable {
    /// Requests sent.
    var requests = 0
    /// Tokens of requests that were answered.
    var tokens = TokenUsage.zero
    /// Answers for which the server said no tokens.
    var estimatedAnswers = 0
    /// What requests that ended without an answer may have been charged: at most what was reserved for them.
    var unconfirmed = TokenUsage.zero
    /// The number of those requests.
    var unconfirmedRequests = 0
    /// What is reserved for the requests in flight.
    var reserved = TokenUsage.zero

    /// Which bound of the budget a further request might exceed; nil if there is room for it.
    func exceeded(by request: TokenUsage, _ endpoint: Endpoint) -> BudgetBound? {
        let budget = endpoint.budget
        if let most = budget.requests, requests + 1 > most { return .requests(most) }
        let input = tokens.input + unconfirmed.input + reserved.input + request.input
        let output = tokens.output + unconfirmed.output + reserved.output + request.output
        if let most = budget.tokens, input + output > most { return .tokens(most) }
        if let most = budget.cost, let prices = endpoint.prices,
            // Sums of prices are not exact: a budget of 0.3 has room for three times 0.1.
            prices.cost(input: input, output: output) > most * (1 + 1e-9)
        {
            return .cost(most)
        }
        return nil
    }

    mutating func reserve(_ usage: TokenUsage) {
        requests += 1
        reserved += usage
    }

    mutating func release(_ usage: TokenUsage) {
        reserved.input -= usage.input
        reserved.output -= usage.output
    }

    mutating func spend(_ usage: TokenUsage, isAnswer: Bool = true) {
        tokens += usage
        if usage.isEstimated, isAnswer { estimatedAnswers += 1 }
    }

    mutating func leaveUnconfirmed(_ usage: TokenUsage) {
        unconfirmed += usage
        unconfirmedRequests += 1
    }
}

/// The bound of a budget that ended a run.
public enum BudgetBound: Equatable, Sendable, CustomStringConvertible {
    /// Requests.
    case requests(Int)
    /// Tokens of prompts and answers.
    case tokens(Int)
    /// Money.
    case cost(Double)

    public var description: String {
        switch self {
        case .requests(let count): "\(count) requests"
        case .tokens(let count): "\(count) tokens"
        case .cost(let cost): "a cost of \(cost)"
        }
    }
}
