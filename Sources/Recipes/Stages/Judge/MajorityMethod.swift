import Evaluation
import RecipeSchema

/// How many of the answers to a prompt come to the same result.
struct MajorityMethod: JudgeMethod {
    static let name = "majority"
    static let summary =
        "The score is the fraction of the answers to the prompt that come to the same result."

    private let extraction: AnswerExtraction

    init(_ section: Section) {
        extraction = AnswerExtraction(
            section.value(
                "extract", .choice, default: AnswerExtraction.Part.whole,
                "The result in an answer: all of it (case, punctuation and articles aside), its last line, its last number, or the content of \\boxed{}."
            ),
            after: section.optional(
                "after", .text, example: "Answer:",
                "Look only behind the last occurrence of this text; an answer without it has no result."))
        if extraction.marker?.isEmpty == true {
            section.problem(
                at: "after", "an empty text", hint: "leave the key out to look at all of an answer")
        }
    }

    func estimate(_ corpus: CorpusExtent, _ estimator: CostEstimator) -> CostEstimate {
        estimator.scan(corpus, passes: 1, bytesPerRecord: 100)
    }

    func judge(_ context: StageContext, _ run: (any AnswerJudge) throws -> StageResult) throws -> StageResult
    {
        try run(MajorityJudge(extraction))
    }
}
