import Checkpoints
import Foundation
import Signals
import Support

extension LabelStage {
    /// The model, over the pieces of the student where it is named.
    private func teacher(_ context: StageContext) throws -> Checkpoint {
        let teacher = try context.checkpoint(model)
        guard let tokenizer else { return teacher }
        let form = try context.form(tokenizer)
        return try teacher.matching(form.tokenizer, of: tokenizer.name).writing(form.template)
    }

    /// Labels the corpus; the output is a signal cache.
    func run(_ context: StageContext) throws -> StageResult {
        let job = try LabelingJob(
            teacher: teacher(context), name: model.name, kind: signal.kind,
            temperature: Float(signal.temperature), scope: lossOn, context: contextLength,
            systemTurns: systemTurns, hidden: hidden, seed: context.seed)
        let finished = context.work.appending(path: "signals", directoryHint: .isDirectory)
        // Shards that are whole are used again, whatever became of the stage.
        try context.takeBack(context.output, as: finished)
        try job.run(
            context.reader(corpus, documents: documents), into: finished, scratch: context.work,
            progress: context.progress)
        try AtomicFile.install(finished, as: context.output)
        let manifest = try SignalManifest(contentsOf: context.output)
        return StageResult(
            summary: manifest.summary,
            metrics: [
                "documents": Double(manifest.records), "positions": Double(manifest.positions),
                "bytes_per_position": manifest.bytesPerPosition, "ids_per_position": manifest.idsPerPosition,
            ])
    }
}
