import Checkpoints
import Foundation
import Generation
import Signals
import Support
import Tokenization

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
        let finished = context.work.appending(path: "signals", directoryHint: .isDirectory)
        // Shards that are whole are used again, whatever became of the stage.
        try context.takeBack(context.output, as: finished)
        let asked = try endpoint.map {
            try isRecorded ? read($0, into: finished, context) : ask($0, into: finished, context)
        }
        if endpoint == nil { try label(into: finished, context) }
        try AtomicFile.install(finished, as: context.output)
        let manifest = try SignalManifest(contentsOf: context.output)
        var result = StageResult(
            summary: manifest.summary,
            metrics: [
                "documents": Double(manifest.records), "positions": Double(manifest.positions),
                "bytes_per_position": manifest.bytesPerPosition, "ids_per_position": manifest.idsPerPosition,
            ])
        if let asked {
            result.summary = ([manifest.summary] + asked.parts).joined(separator: ", ")
            result.metrics.merge(asked.metrics) { $1 }
        }
        return result
    }

    /// What is told of an endpoint.
    private typealias Told = (parts: [String], metrics: [String: Double])

    /// Takes what the records hold of the endpoint's distributions.
    private func read(
        _ settings: EndpointSettings, into directory: URL, _ context: StageContext
    ) throws -> Told {
        let (tokenizer, template, k) = try endpointForm(context)
        let summary = try RecordedLabelingJob(
            endpoint: settings.endpoint, tokenizer: tokenizer, template: template, k: k,
            context: contextLength
        ).run(context.reader(corpus, documents: documents), into: directory, progress: context.progress)
            .summary
        return (summary.part.map { [$0] } ?? [], ["own_tokens": Double(summary.ownTokens)])
    }

    /// The tokenizer and template of an endpoint's signals, and their number of tokens.
    private func endpointForm(_ context: StageContext) throws -> (Tokenizer, ChatTemplate?, k: Int) {
        guard let tokenizer, case .topK(let k) = signal.kind else {
            preconditionFailure("a stage with an endpoint names a tokenizer and has top-k signals")
        }
        let form = try context.form(tokenizer)
        return (form.tokenizer, form.template, k)
    }

    /// Asks an endpoint; nothing is told where all was labelled before.
    private func ask(
        _ settings: EndpointSettings, into directory: URL, _ context: StageContext
    ) throws -> Told {
        let (tokenizer, template, k) = try endpointForm(context)
        let summary = try EndpointLabelingJob(
            endpoint: settings.endpoint, tokenizer: tokenizer, template: template, k: k,
            scope: lossOn, context: contextLength, isPerToken: isPerToken
        ).run(
            context.reader(corpus, documents: documents), into: directory,
            journal: settings.journal(in: context.journals), scratch: context.work, progress: context.progress
        ).endpoint
        return (summary?.parts ?? [], summary?.metrics ?? [:])
    }

    private func label(into directory: URL, _ context: StageContext) throws {
        let job = try LabelingJob(
            teacher: teacher(context), name: model.name, kind: signal.kind,
            temperature: Float(signal.temperature), scope: lossOn, context: contextLength,
            systemTurns: systemTurns, hidden: hidden, seed: context.seed)
        try job.run(
            context.reader(corpus, documents: documents), into: directory, scratch: context.work,
            progress: context.progress)
    }
}
