import Corpora
import Evaluation
import RecipeSchema

/// Whether an answer passes rules.
struct CheckerMethod: JudgeMethod {
    static let name = "checker"
    static let summary =
        "The score is 1 for an answer that passes all rules, else 0; answers that fail are left out."
    static let standardLeast: Double? = 1

    private let filters: [FilterSettings]

    init(_ section: Section) {
        filters = section.value(
            "filters", .list(of: .filterRule), example: "[reference]",
            "The rules: filters as in the stage filter, which an answer passes if they would keep it.")
    }

    var references: [Reference] { filters.flatMap(\.references) }

    func estimate(_ corpus: CorpusExtent, _ estimator: CostEstimator) -> CostEstimate {
        estimator.scan(filters, of: corpus)
    }

    func judge(_ context: StageContext, _ run: (any AnswerJudge) throws -> StageResult) throws -> StageResult
    {
        try run(CheckerJudge(try filters.map { ($0.kind.name, try $0.rule(at: context.url(of:))) }))
    }
}
