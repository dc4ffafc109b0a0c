import Corpora

extension PromptsStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let sizes = source?.sizes(estimator) ?? PromptSizes()
        let bytes = sizes.prompts * (sizes.promptCharacters + CostEstimator.recordBytes)
        guard let model, sizes.requests > 0 else {
            return CostEstimate(memoryBytes: CostEstimator.processBytes + bytes, diskBytes: bytes)
        }
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
}
