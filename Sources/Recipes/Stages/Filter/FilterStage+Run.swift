import Checkpoints
import Corpora
import Foundation
import Support

extension FilterStage {
    /// Filters the corpus; the outputs are the kept records as JSONL, the report and, if wanted, the removed records.
    func run(_ context: StageContext) throws -> StageResult {
        let models = FilterModels { context.chats.applied(to: try Checkpoint.load($0)) }
        let pipeline = try FilterPipeline(filters, at: context.url(of:), models)
        let kept = context.work.appending(path: "corpus.jsonl")
        let removed = keepsRemoved ? context.work.appending(path: "removed.jsonl") : nil
        let report = try pipeline.run(
            context.reader(corpus, documents: documents), to: kept, removed: removed, in: context.work,
            scores: context.work.appending(path: "scores", directoryHint: .isDirectory), stage: context.label,
            progress: context.progress)
        try requireRecords(report)
        for filter in report.filters {
            for note in filter.notes { context.progress(.note("\(context.label): \(filter.kind): \(note)")) }
        }
        try AtomicFile.install(kept, as: context.outputs[0])
        try AtomicFile.write(report.json(), to: context.outputs[1])
        if let removed { try AtomicFile.install(removed, as: context.outputs[2]) }
        var metrics = ["records": Double(report.read.records), "kept": Double(report.kept.records)]
        for filter in report.filters {
            metrics[Self.removedMetric(filter.kind), default: 0] += Double(filter.removed)
        }
        return StageResult(summary: report.summary, metrics: metrics)
    }

    /// Refuses an empty result, which no later stage could use.
    private func requireRecords(_ report: FilterReport) throws {
        guard report.kept.records == 0 else { return }
        let most = report.filters.max { $0.removed < $1.removed }
        let example = most?.examples.first.map { ": \($0.file):\($0.line): \($0.reason)" } ?? ""
        throw UserError(
            "no record of \(report.read.records) is kept; \(most?.kind ?? "a filter") removes \(most?.removed ?? 0)\(example)",
            hint: "relax that filter", status: .configuration)
    }
}
