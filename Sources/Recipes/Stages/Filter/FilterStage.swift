import Corpora
import RecipeSchema
import Support

/// Filters, de-duplicates and decontaminates a corpus.
struct FilterStage: Stage {
    static let name = "filter"
    static let summary =
        "Filters a corpus: removes records by length, repetition, duplicates, overlap with evaluation sets and more."
    static let metricNames: [String] = ["records", "kept"] + FilterKind.all.map { removedMetric($0.name) }

    /// The metric of the records that filters of a kind remove.
    static func removedMetric(_ kind: String) -> String { "removed_\(kind)" }

    let corpus: [Reference]
    /// What a document of a text file is.
    let documents: TextDocuments
    let filters: [FilterSettings]
    /// Whether removed records are an output, too.
    let keepsRemoved: Bool
    let outputName: String

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus", "The text to filter.")
        documents = section.corpusDocuments()
        filters = section.value(
            "filters", .list(of: .filter), example: "[exact_duplicates, {kind: length, min: 20}]",
            "The filters, in the order in which they run: each sees the records that those before it have kept."
        )
        keepsRemoved = section.value(
            "keep_removed", .boolean, default: false,
            "Write the removed records with their reasons, too.")
        outputName = section.artifactName(default: "filtered")
    }

    var outputs: [ArtifactDeclaration] {
        let removed = ArtifactDeclaration("\(outputName)-removed", .evaluation, file: "removed.jsonl")
        return [
            .init(outputName, .corpus, file: "corpus.jsonl"),
            .init("\(outputName)-report", .evaluation, file: "report.json"),
        ] + (keepsRemoved ? [removed] : [])
    }

    func sources(ofOutput index: Int) -> [Reference] { corpus }

    /// At most all of it: how much is removed is not known before.
    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? {
        index == 0 ? estimator.extent(of: corpus, documents: documents) : nil
    }
}
