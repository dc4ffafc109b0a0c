import Corpora

extension GenerateStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        endpoint.map { estimate($0, estimator) } ?? localEstimate(estimator)
    }

    /// Requests to an endpoint, with one that looks whether it answers; each turn that is answered repeats those before it.
    private func estimate(_ settings: EndpointSettings, _ estimator: CostEstimator) -> CostEstimate {
        let made = answers(estimator)
        let endpoint = settings.endpoint
        let prompts = promptExtent(estimator, limit: limit)
        var requests = made.records + 1
        var money = endpoint.prices.map { prices in
            (made.records * prompts.mean * prices.input + made.targets * prices.output) / 1e6
        }
        let bound = endpoint.budget
        if let most = bound.requests { requests = min(requests, Double(most)) }
        if let most = bound.cost { money = money.map { min($0, most) } }
        var estimate = CostEstimate(
            seconds: made.targets / (CostEstimator.endpointRate * Double(endpoint.concurrency)),
            memoryBytes: CostEstimator.processBytes
                + 3 * CorpusExtent.bytesPerToken * promptExtent(estimator, limit: nil).tokens,
            // The answers are in the journal and in the corpus.
            diskBytes: 2 * made.tokens * CorpusExtent.bytesPerToken + 3 * made.records
                * CostEstimator.recordBytes + 2 * made.targets * Double(topLogprobs ?? 0)
                * Self.likelyTokenBytes)
        (estimate.requests, estimate.money) = (requests, money)
        return estimate
    }

    /// A likely token in a record: its text, id and log-probability, as measured with llama.cpp's server.
    private static let likelyTokenBytes = 23.0

    private func localEstimate(_ estimator: CostEstimator) -> CostEstimate {
        let shape = estimator.configuration(of: model)
        let made = answers(estimator)
        return CostEstimate(
            seconds: estimator.seconds(
                made.targets * (shape?.cost.forwardOperations ?? 0), rate: CostEstimator.generatingRate),
            memoryBytes: estimator.computingBytes + estimator.loaded(model)
                + estimator.generation(
                    shape, promptExtent(estimator, limit: limit), sequences: made.records,
                    answer: CostEstimator.answerFraction * Double(sampling.maxNewTokens))
                // All prompts are read before the first is answered.
                + 3 * CorpusExtent.bytesPerToken * promptExtent(estimator, limit: nil).tokens,
            diskBytes: made.tokens * CorpusExtent.bytesPerToken + made.records * CostEstimator.recordBytes)
    }

    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? { answers(estimator) }

    /// Prompts and their answers.
    private func answers(_ estimator: CostEstimator) -> CorpusExtent {
        let prompts = promptExtent(estimator, limit: limit)
        var records = prompts.records * Double(samples)
        let answer = CostEstimator.answerFraction * Double(sampling.maxNewTokens)
        if let budget = tokenBudget, answer > 0 { records = min(records, Double(budget) / answer) }
        return CorpusExtent(
            records: records, tokens: records * (prompts.mean + answer), targets: records * answer,
            longest: prompts.longest + Double(sampling.maxNewTokens))
    }

    /// The first prompts of all files together; with `nil` all of them.
    private func promptExtent(_ estimator: CostEstimator, limit: Int?) -> CorpusExtent {
        var (sum, left) = (CorpusExtent(), limit.map(Double.init))
        for reference in prompts where left ?? 1 > 0 {
            // A limit as large as no file is none.
            let limit = left.flatMap { $0 < 1e15 ? Int($0.rounded(.up)) : nil }
            let part = estimator.extent(of: reference, limit: limit, asPrompts: true, documents: .line)
            sum = sum + part
            left = left.map { $0 - part.records }
        }
        if let system {
            let tokens = Double(system.utf8.count) / CorpusExtent.bytesPerToken
            sum.tokens += sum.records * tokens
            sum.longest += tokens
        }
        return sum
    }
}
