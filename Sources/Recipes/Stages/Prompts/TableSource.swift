import Corpora
import Generation
import RecipeSchema
import Support

/// A template that each row of a table fills.
struct TableSource: PromptSource {
    static let name = "table"
    static let summary = "A template that each row of a CSV, TSV or JSONL file fills."
    static let usesModel = false

    private let file: Reference
    private let template: PromptTemplate
    private let system: PromptTemplate?

    init(_ section: Section) {
        file = section.value(
            "file", .reference(to: .corpus, as: .table), example: "products.csv", "The table.")
        template = section.value(
            "template", .template(), example: "Describe {name} in two sentences.",
            "The user's turn; slots are columns.")
        system = section.optional("system", .template(), "A system turn, which may have slots, too.")
    }

    func sizes(_ estimator: CostEstimator) -> PromptSizes {
        // Tables are small: they are read whole.
        PromptSizes(
            prompts: Double(estimator.file(file).flatMap { try? TableRows(contentsOf: $0) }?.rows.count ?? 0))
    }

    func prompts(_ context: StageContext, asking model: ModelRequests?) throws -> PromptResult {
        let table = try TableRows(contentsOf: context.url(of: file))
        return PromptResult(prompts: try PromptTable(template: template, system: system).prompts(table))
    }
}
