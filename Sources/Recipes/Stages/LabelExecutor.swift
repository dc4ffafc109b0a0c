import Foundation
import Signals
import Support

/// Stores a teacher's distributions over a corpus; the output is a signal cache.
struct LabelExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .label(let stage) = context.stage else { preconditionFailure("a label stage") }
        let job = try LabelingJob(
            teacher: context.checkpoint(stage.model), name: stage.model.name,
            kind: stage.signal.sparseKind,
            temperature: Float(stage.signal.temperature), scope: stage.lossOn.targets,
            context: stage.contextLength, systemTurns: stage.systemTurns, hidden: stage.hidden,
            seed: context.seed)
        let finished = context.work.appending(path: "signals", directoryHint: .isDirectory)
        // Shards that are whole are used again, whatever became of the stage.
        try context.takeBack(context.output, as: finished)
        try job.run(
            context.reader(stage.corpus, documents: stage.documents), into: finished, scratch: context.work,
            progress: context.progress)
        try AtomicFile.install(finished, as: context.output)
        let manifest = try SignalManifest(contentsOf: context.output)
        return StageResult(
            summary: manifest.summary,
            figures: [
                "documents": Double(manifest.records), "positions": Double(manifest.positions),
                "bytes_per_position": manifest.bytesPerPosition, "ids_per_position": manifest.idsPerPosition,
            ])
    }
}
