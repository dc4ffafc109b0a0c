import Corpora
import Foundation
import Support

@testable import Recipes

/// Counts the documents of a corpus: a kind of stage in one file. One line registers it:
///
///     let stages = StageRegistry(StageRegistry.standard.kinds + [CountStage.self])
struct CountStage: Stage {
    static let name = "count"
    static let summary = "Counts the documents of a corpus."
    static let metricNames = ["documents"]

    let corpus: [Reference]
    let limit: Int?
    let outputName: String

    init(_ section: Section) {
        corpus = section.value("corpus", .oneOrMore(.reference(to: .corpus)), "The text to count.")
        limit = section.optional("limit", .integer(1...), "The most documents that may be counted.")
        outputName = section.artifactName(default: "count")
    }

    /// Two outputs: the corpus itself, for later stages, and the count.
    var outputs: [ArtifactDeclaration] {
        [
            .init(outputName, .corpus, file: "counted.jsonl"),
            .init("\(outputName)-result", .evaluation, file: "count.txt"),
        ]
    }

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        CostEstimate(seconds: estimator.extent(of: corpus).records / 1e6, diskBytes: 8)
    }

    func extent(ofOutput index: Int, _ estimator: CostEstimator) -> CorpusExtent? {
        index == 0 ? estimator.extent(of: corpus) : nil
    }

    func run(_ context: StageContext) throws -> StageResult {
        let records = try context.reader(corpus).records()
        if let limit, records.count > limit {
            throw UserError("\(records.count) documents exceed the limit \(limit)", hint: "raise limit")
        }
        try AtomicFile.write(to: context.outputs[0]) { writer in
            for record in records { try writer.write(record) }
        }
        try AtomicFile.write(Data("\(records.count)".utf8), to: context.outputs[1])
        return StageResult(
            summary: "\(records.count) documents", metrics: ["documents": Double(records.count)])
    }
}
