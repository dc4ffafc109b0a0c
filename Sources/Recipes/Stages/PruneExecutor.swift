import Checkpoints
import Corpora
import Foundation
import Pruning
import Support
import Tokenization

/// Keeps some parts of a model; the output is a checkpoint.
struct PruneExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .cut(let stage) = context.stage else { preconditionFailure("a cut stage") }
        context.progress(.began(stage: context.label, total: 1, unit: "models"))
        let whole = try context.checkpoint(stage.model, weights: .stored)
        let settings = stage.settings
        let (kept, report) = try settings.cut.apply(
            to: whole, records: records(settings.corpus, context),
            vocabularyRecords: records(settings.vocabularyCorpus, context), progress: context.progress)
        switch stage.precision {
        case .stored: try kept.saveAsStored(to: context.output)
        case .f32: try kept.save(to: context.output, as: .f32)
        case .bf16: try kept.save(to: context.output, as: .bf16)
        }
        return StageResult(summary: report.summary, figures: figures(report))
    }

    private func records(_ references: [Reference], _ context: StageContext) throws -> [CorpusRecord] {
        references.isEmpty ? [] : try context.reader(references).records()
    }

    private func figures(_ report: PruningReport) -> [String: Double] {
        var figures = ["parameters": Double(report.remainingParameters)]
        for (layer, influence) in (report.blockInfluence ?? []).enumerated() {
            figures["block_influence_\(layer + 1)"] = influence
        }
        if let vocabulary = report.vocabulary {
            figures["pieces"] = Double(vocabulary.pieces)
            figures["corpus_pieces"] = Double(vocabulary.usage.pieces)
            figures["changed_tokens"] = vocabulary.usage.changedShare
            figures["lost_mass"] = vocabulary.lostMass
        }
        return figures
    }
}
