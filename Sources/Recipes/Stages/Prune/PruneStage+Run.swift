import Checkpoints
import Corpora
import Foundation
import Pruning
import Support

extension PruneStage {
    /// Prunes the model; the output is a checkpoint.
    func run(_ context: StageContext) throws -> StageResult {
        context.progress(.began(stage: context.label, total: 1, unit: "models"))
        let whole = try context.checkpoint(model, weights: .stored)
        let (kept, report) = try settings.plan.apply(
            to: whole, records: records(settings.corpus, context),
            vocabularyRecords: records(settings.vocabularyCorpus, context), progress: context.progress)
        switch precision {
        case .stored: try kept.saveAsStored(to: context.output)
        case .f32: try kept.save(to: context.output, as: .f32)
        case .bf16: try kept.save(to: context.output, as: .bf16)
        }
        return StageResult(summary: report.summary, metrics: metrics(report))
    }

    private func records(_ references: [Reference], _ context: StageContext) throws -> [CorpusRecord] {
        references.isEmpty ? [] : try context.reader(references).records()
    }

    private func metrics(_ report: PruningReport) -> [String: Double] {
        var metrics = ["parameters": Double(report.remainingParameters)]
        for (layer, influence) in (report.blockInfluence ?? []).enumerated() {
            metrics["block_influence_\(layer + 1)"] = influence
        }
        if let vocabulary = report.vocabulary {
            metrics["pieces"] = Double(vocabulary.pieces)
            metrics["corpus_pieces"] = Double(vocabulary.usage.pieces)
            metrics["changed_tokens"] = vocabulary.usage.changedFraction
            metrics["lost_mass"] = vocabulary.lostMass
        }
        return metrics
    }
}
