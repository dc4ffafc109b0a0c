import Corpora
import Foundation
import RecipeSchema
import Support

/// Labels a corpus by labelling functions whose accuracies are learned from how they agree.
struct WeakLabelsStage: Stage {
    static let name = "weak_labels"
    static let summary =
        "Labels a corpus by labelling functions, whose accuracies are learned from how they agree (weak supervision)."
    static let metricNames = ["records", "labelled", "kept"]

    let corpus: [Reference]
    /// What a document of a text file is.
    let documents: TextDocuments
    let settings: WeakLabelSettings
    let outputName: String

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus", "The records to label.")
        documents = section.corpusDocuments()
        settings = WeakLabelSettings(section)
        outputName = section.artifactName(default: "labelled")
    }

    var outputs: [ArtifactDeclaration] {
        [
            .init(outputName, .corpus, file: "corpus.jsonl"),
            .init("\(outputName)-report", .evaluation, file: "report.json"),
        ]
    }

    func sources(ofOutput index: Int) -> [Reference] { corpus }

    // MARK: Cost

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let extent = estimator.extent(of: corpus, documents: documents)
        // The corpus is read twice.
        var estimate = estimator.scan(
            extent, against: settings.references, passes: Double(settings.functionCount + 2),
            bytesPerRecord: settings.bytesPerRecord)
        estimate.diskBytes = estimator.bytes(extent) + 100 * extent.records
        return estimate
    }

    /// At most all of it: how many records have the label that is kept is not known before.
    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? {
        index == 0 ? estimator.extent(of: corpus, documents: documents) : nil
    }

    // MARK: Running

    /// Labels the corpus; the outputs are the records as JSONL, and the report.
    func run(_ context: StageContext) throws -> StageResult {
        let labeling = try settings.labeling(context.url(of:))
        let labelled = context.work.appending(path: "corpus.jsonl")
        let report = try labeling.run(
            context.reader(corpus, documents: documents), to: labelled, in: context.work,
            stage: context.label, progress: context.progress)
        guard report.kept > 0 else {
            throw UserError(
                "no record of \(report.records) is kept: \(report.summary)",
                hint: "lower the probability of keep", status: .configuration)
        }
        for note in report.notes { context.progress(.note("\(context.label): \(note)")) }
        try AtomicFile.install(labelled, as: context.outputs[0])
        try AtomicFile.write(report.json(), to: context.outputs[1])
        return StageResult(
            summary: report.summary,
            metrics: [
                "records": Double(report.records), "labelled": Double(report.labelled),
                "kept": Double(report.kept),
            ])
    }
}
