import Corpora
import Generation

extension PromptsStage {
    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let sizes = source?.sizes(estimator) ?? PromptSizes()
        let bytes = sizes.prompts * (sizes.promptCharacters + CostEstimator.recordBytes)
        guard let model, sizes.requests > 0 else {
            return CostEstimate(memoryBytes: CostEstimator.processBytes + bytes, diskBytes: bytes)
        }
        var estimate = estimator.requests(
            to: model, at: endpoint?.endpoint, requests: sizes.requests, characters: sizes.requestCharacters,
            maxNewTokens: sampling.maxNewTokens)
        estimate.memoryBytes += bytes
        estimate.diskBytes += bytes
        return estimate
    }

    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? {
        let sizes = source?.sizes(estimator) ?? PromptSizes()
        let tokens = sizes.promptCharacters / CorpusExtent.bytesPerToken
        return CorpusExtent(
            records: sizes.prompts, tokens: sizes.prompts * tokens, targets: 0, longest: 2 * tokens)
    }
}
