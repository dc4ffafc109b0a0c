import Corpora
import Evaluation
import RecipeSchema

/// Comparisons of answers to the same prompt by a model, each in both orders.
struct PairwiseMethod: JudgeMethod {
    static let name = "pairwise"
    static let summary =
        "The score is the fraction of comparisons with the other answers to the prompt that an answer wins, by a model that is asked in both orders."

    private let judge: JudgeModel

    /// Answers to a prompt in an estimate: how many there are is not known before.
    private static let usualAnswers = 4.0

    init(_ section: Section) {
        judge = JudgeModel(section, slots: PairwiseJudge.slots, standard: PairwiseJudge.standardTemplate)
    }

    var endpoint: EndpointSettings? { judge.endpoint }

    func estimate(_ corpus: CorpusExtent, _ estimator: CostEstimator) -> CostEstimate {
        judge.estimate(
            requests: corpus.records * (Self.usualAnswers - 1),
            characters: 2 * corpus.mean * CorpusExtent.bytesPerToken, estimator)
    }

    func judge(_ context: StageContext, _ run: (any AnswerJudge) throws -> StageResult) throws -> StageResult
    {
        try judge.judge(
            context, { PairwiseJudge(model: $0, template: judge.template, system: judge.system, asking: $1) },
            run)
    }
}
