import Corpora
import Generation

extension CostEstimator {
    /// Requests to a model in memory or behind an API.
    ///
    /// - Parameters:
    ///   - model: the model that answers
    ///   - endpoint: where it is, if it is behind an API
    ///   - requests: their number
    ///   - characters: mean length of a request
    ///   - maxNewTokens: the most tokens of an answer
    func requests(
        to model: Reference, at endpoint: Endpoint?, requests: Double, characters: Double, maxNewTokens: Int
    ) -> CostEstimate {
        let answer = Self.answerFraction * Double(maxNewTokens)
        let asked = characters / CorpusExtent.bytesPerToken
        if let endpoint {
            // With one that looks whether it answers; answers are in the journal, too.
            var estimate = CostEstimate(
                seconds: requests * answer / (Self.endpointRate * Double(endpoint.concurrency)),
                memoryBytes: Self.processBytes + requests * characters,
                diskBytes: 2 * requests * answer * CorpusExtent.bytesPerToken)
            estimate.requests = requests + 1
            estimate.money = endpoint.prices.map {
                requests * (asked * $0.input + answer * $0.output) / 1e6
            }
            return estimate
        }
        let shape = configuration(of: model)
        let extent = CorpusExtent(records: requests, tokens: requests * asked, longest: 2 * asked)
        return CostEstimate(
            seconds: seconds(
                requests * (answer + asked) * (shape?.cost.forwardOperations ?? 0), rate: Self.generatingRate),
            memoryBytes: computingBytes + loaded(model)
                + generation(shape, extent, sequences: requests, answer: answer)
                + 3 * CorpusExtent.bytesPerToken * extent.tokens,
            diskBytes: requests * answer * CorpusExtent.bytesPerToken)
    }
}
