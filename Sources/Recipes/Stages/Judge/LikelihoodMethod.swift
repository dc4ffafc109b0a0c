import Evaluation
import RecipeSchema

/// The mean log-probability of an answer under a model.
struct LikelihoodMethod: JudgeMethod {
    static let name = "likelihood"
    static let summary = "The score is the mean log-probability of the answer's tokens under a model on disk."

    private let model: Reference

    init(_ section: Section) { model = section.modelReference("The model that reads the answers.") }

    func estimate(_ corpus: CorpusExtent, _ estimator: CostEstimator) -> CostEstimate {
        let shape = estimator.configuration(of: model)
        let context = shape?.contextLength ?? 0
        return CostEstimate(
            seconds: estimator.seconds(
                corpus.tokens * (shape?.cost.forwardOperations ?? 0), rate: CostEstimator.labellingRate),
            memoryBytes: estimator.computingBytes + estimator.loaded(model)
                + estimator.passes(shape, CostEstimator.passTokens, of: corpus, context: context),
            workBytes: 40 * corpus.records)
    }

    func judge(_ context: StageContext, _ run: (any AnswerJudge) throws -> StageResult) throws -> StageResult
    {
        try run(LikelihoodJudge(context.checkpoint(model), name: model.name))
    }
}
