import Checkpoints
import Corpora
import Distillation
import Foundation
import Support

/// Stores a teacher's distributions over a corpus: the output is a signal cache.
struct LabelExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .label(let stage) = context.stage else { preconditionFailure("a label stage") }
        let teacher = try context.checkpoint(stage.model)
        let form = try TextForm(teacher)
        let length = min(stage.contextLength, teacher.decoder.configuration.contextLength)
        let corpus = try form.encoder(context: length, scope: stage.lossOn.targets)
            .encode(context.records(stage.corpus))
        let origin = SignalManifest.Origin(
            teacher: stage.model.name, teacherFingerprint: try Checkpoint.fingerprint(at: teacher.url),
            tokenizerFingerprint: form.fingerprint, template: form.template.jinja,
            vocabularySize: form.tokenizer.vocabularySize, kind: stage.signal.sparseKind,
            temperature: Float(stage.signal.temperature), seed: context.seed)
        let pending = context.work.appending(path: "signals", directoryHint: .isDirectory)
        if !FileManager.default.fileExists(atPath: context.output.path) {
            try Labeler(teacher: teacher.decoder, origin: origin)
                .label(corpus.documents, into: pending, progress: context.progress)
            try FileManager.default.moveItem(at: pending, to: context.output)
        }
        let manifest = try SignalManifest(contentsOf: context.output)
        return StageResult(
            summary: manifest.summary,
            figures: [
                "documents": Double(manifest.records), "positions": Double(manifest.positions),
                "bytes_per_position": manifest.bytesPerPosition,
            ])
    }
}

extension SignalSettings {
    var sparseKind: SparseKind {
        switch self {
        case .topK(let k, _): .topK(k: k)
        case .sampled(let head, let draws, _): .sampled(head: head, draws: draws)
        }
    }
}
