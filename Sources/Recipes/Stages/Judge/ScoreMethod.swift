import Corpora
import Evaluation
import RecipeSchema

/// A score from 1 to 10 that a model gives.
struct ScoreMethod: JudgeMethod {
    static let name = "score"
    static let summary = "The score is a number from 1 to 10 that a model gives the answer."

    private let judge: JudgeModel

    init(_ section: Section) {
        judge = JudgeModel(section, slots: ScoreJudge.slots, standard: ScoreJudge.standardTemplate)
    }

    var endpoint: EndpointSettings? { judge.endpoint }

    func estimate(_ corpus: CorpusExtent, _ estimator: CostEstimator) -> CostEstimate {
        judge.estimate(
            requests: corpus.records, characters: corpus.mean * CorpusExtent.bytesPerToken, estimator)
    }

    func judge(_ context: StageContext, _ run: (any AnswerJudge) throws -> StageResult) throws -> StageResult
    {
        try judge.judge(
            context, { ScoreJudge(model: $0, template: judge.template, system: judge.system, asking: $1) },
            run)
    }
}
