import Foundation
import Support

/// What an endpoint was asked in a run, and what that took.
public struct EndpointSummary: Equatable, Sendable {
    /// Requests sent by this run, and by all runs over the same journal.
    public var requests, allRequests: Int
    /// Requests of this run that were sent again.
    public var retries: Int
    /// Prompts that the endpoint did not answer, and why, the first reasons.
    public var failed: Int
    /// The first reasons, each once.
    public var reasons: [String]
    /// Tokens of all runs' prompts and answers.
    public var inputTokens, outputTokens: Int
    /// Answers whose tokens are estimated, since the endpoint said none.
    public var estimatedAnswers: Int
    /// Cost of all runs; nil where there are no prices.
    public var cost: Double?
    /// Requests of all runs that ended without an answer and may have been charged nevertheless, those among them that were in
    /// flight when a run was killed.
    public var unconfirmedRequests: Int
    /// What those may have cost at most.
    public var unconfirmedCost: Double?
    /// The bound of the budget that ended the run; nil when all prompts were asked.
    public var budgetEnded: BudgetBound?
    /// Records made of answers that earlier runs had received.
    public var reusedRecords: Int

    init(
        _ endpoint: Endpoint, _ counts: EndpointDispatcher.Counts, journal: AnswerJournal, before: Spending,
        ended: BudgetBound?, reusedRecords: Int
    ) {
        let spending = journal.spending
        requests = spending.requests - before.requests
        allRequests = spending.requests
        (retries, failed, reasons) = (counts.retries, counts.refused, counts.reasons)
        (inputTokens, outputTokens) = (spending.tokens.input, spending.tokens.output)
        estimatedAnswers = spending.estimatedAnswers
        cost = endpoint.prices?.cost(input: inputTokens, output: outputTokens)
        unconfirmedRequests = spending.unconfirmedRequests
        unconfirmedCost = endpoint.prices?.cost(
            input: spending.unconfirmed.input, output: spending.unconfirmed.output)
        budgetEnded = ended
        self.reusedRecords = reusedRecords
    }

    /// The counts for a summary line, the most important first.
    public var parts: [String] {
        var parts = ["\(requests) requests"]
        if retries > 0 { parts.append("\(retries) sent again") }
        if failed > 0 {
            parts.append(
                "\(failed) \(failed == 1 ? "prompt" : "prompts") failed (\(reasons.joined(separator: "; ")))")
        }
        parts.append(
            "\(inputTokens) tokens read and \(outputTokens) written"
                + (allRequests > requests ? " in \(allRequests) requests of all runs" : "")
                + (estimatedAnswers > 0 ? ", \(estimatedAnswers) answers estimated" : ""))
        if let cost { parts.append("cost \(Self.text(cost))") }
        if unconfirmedRequests > 0 {
            let most = unconfirmedCost.map { ", which may have cost up to \(Self.text($0))" } ?? ""
            parts.append("\(unconfirmedRequests) requests without an answer\(most)")
        }
        if let budgetEnded {
            parts.append("ended by the budget of \(budgetEnded); a larger one continues")
        }
        return parts
    }

    /// The counts for programs.
    package var metrics: [String: Double] {
        var metrics = [
            "requests": Double(requests), "retries": Double(retries), "failed": Double(failed),
            "input_tokens": Double(inputTokens), "output_tokens": Double(outputTokens),
        ]
        metrics["cost"] = cost
        return metrics
    }

    /// A sum of money.
    static func text(_ cost: Double) -> String {
        String(format: cost == 0 || cost >= 1 ? "%.2f" : cost >= 0.01 ? "%.4f" : "%.6f", cost)
    }

    /// - Throws: `UserError` when not one prompt has a record
    func requireAnswers(records: Int, of total: Int) throws {
        guard records == 0, total > 0 else { return }
        if let budgetEnded {
            throw UserError(
                "no prompt was answered: the budget of \(budgetEnded) ended before", hint: "raise it",
                status: .unavailable)
        }
        guard failed > 0 else { return }
        throw UserError(
            "no prompt was answered: \(reasons.joined(separator: "; "))", status: .unavailable)
    }
}
