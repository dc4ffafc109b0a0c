import Corpora
import Generation

extension PromptsStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let sizes = source?.sizes(estimator) ?? PromptSizes()
        let bytes = sizes.prompts * (sizes.promptCharacters + CostEstimator.recordBytes)
        guard let model, sizes.requests > 0 else {
            return CostEstimate(memoryBytes: CostEstimator.processBytes + bytes, diskBytes: bytes)
        }
        if let endpoint = endpoint?.endpoint { return estimate(sizes, bytes, at: endpoint) }
        let shape = estimator.configuration(of: model)
        let answer = CostEstimator.answerFraction * Double(sampling.maxNewTokens)
        let asked = sizes.requestCharacters / CorpusExtent.bytesPerToken
        let requests = CorpusExtent(
            records: sizes.requests, tokens: sizes.requests * asked, longest: 2 * asked)
        return CostEstimate(
            seconds: estimator.seconds(
                sizes.requests * (answer + asked) * (shape?.cost.forwardOperations ?? 0),
                rate: CostEstimator.generatingRate),
            memoryBytes: estimator.computingBytes + estimator.loaded(model)
                + estimator.generation(shape, requests, sequences: sizes.requests, answer: answer)
                + 3 * CorpusExtent.bytesPerToken * requests.tokens,
            diskBytes: bytes + sizes.requests * answer * CorpusExtent.bytesPerToken)
    }

    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? {
        let sizes = source?.sizes(estimator) ?? PromptSizes()
        let tokens = sizes.promptCharacters / CorpusExtent.bytesPerToken
        return CorpusExtent(
            records: sizes.prompts, tokens: sizes.prompts * tokens, targets: 0, longest: 2 * tokens)
    }

    /// Requests to an endpoint, with one that looks whether it answers.
    private func estimate(_ sizes: PromptSizes, _ bytes: Double, at endpoint: Endpoint) -> CostEstimate {
        let written = sizes.requests * CostEstimator.answerFraction * Double(sampling.maxNewTokens)
        let asked = sizes.requests * sizes.requestCharacters / CorpusExtent.bytesPerToken
        var estimate = CostEstimate(
            seconds: written / (CostEstimator.endpointRate * Double(endpoint.concurrency)),
            memoryBytes: CostEstimator.processBytes + bytes,
            diskBytes: bytes + 2 * written * CorpusExtent.bytesPerToken)
        estimate.requests = sizes.requests + 1
        estimate.money = endpoint.prices.map { (asked * $0.input + written * $0.output) / 1e6 }
        return estimate
    }
}
