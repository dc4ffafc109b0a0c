import Checkpoints
import Evaluation
import Foundation
import Support
import Tensors
import Tokenization
import Training
import Transformer

/// Trains a model; the output is a checkpoint.
struct TrainExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .train(let stage) = context.stage else { preconditionFailure("a train stage") }
        let form = try context.form(stage.tokenizer)
        let student = try model(stage.model, seed: context.seed, stage, form, context)
        let peer = try peer(stage, form, context)
        let caches = try caches(stage, context)
        let teachers = try teachers(stage, form, context)
        let encoder = form.encoder(
            context: stage.batch.contextLength, scope: stage.lossOn.targets, systemTurns: stage.systemTurns,
            teacherContext: teachers.all.flatMap(\.decoders).map(\.configuration.contextLength).min()
                ?? caches?.caches[0].manifest.origin.teacherContextLength ?? .max)
        let text =
            try stage.learned.map { try learnedText($0, stage, student, context) }
            ?? corpusText(stage, encoder, caches, teachers.byPart, form, context)
        for model in [student] + (peer.map { [$0.decoder] } ?? []) {
            try require(model.configuration.contextLength, longEnoughFor: text)
        }

        let options = options(
            stage, corpusTokens: text.tokens, stepsReaching: text.stepsReaching,
            signalTemperature: caches?.temperature, seed: context.seed)
        let trainer = try Trainer(
            student: student, teachers: teachers.all, peer: peer,
            source: try onPolicy(
                stage, corpus: text.source, student: student, teacher: teachers.all.first?.decoders.first,
                form,
                encoder, steps: options.steps, context)
                ?? text.source,
            options: options, angle: try gradientAngle(stage, form, context),
            validate: try validation(stage, encoder, context))
        let state = context.work.appending(path: "state.safetensors")
        try discardIfDamaged(state, context)
        let metrics = try Interruption.saving {
            try trainer.run(
                stateURL: state, listener: MetricsListener(context.metrics), progress: context.progress)
        }
        func save(_ model: DecoderModel, to url: URL) throws {
            try Checkpoint.save(
                decoder: model, tokenizer: form.tokenizer,
                template: form.template.fits(form.tokenizer) || !form.template.isKnown ? form.template : nil,
                to: url,
                as: stage.precision == .bf16 ? .bf16 : .f32)
        }
        if let peer { try save(peer.decoder, to: context.secondOutput) }
        try save(student, to: context.output)
        return result(metrics, trainer, student: student)
    }

    /// A damaged state is worth nothing: training begins anew, and says why.
    private func discardIfDamaged(_ state: URL, _ context: StageContext) throws {
        do {
            try Trainer.verifyState(at: state, listener: MetricsListener(context.metrics))
        } catch let error as UserError where error.status == .dataFormat {
            context.progress(
                .note("\(context.label): \(state.relativePath): \(error.problem); training begins anew"))
            try FileManager.default.removeItem(at: state)
        }
    }

    private func require(_ context: Int, longEnoughFor text: TrainingText) throws {
        let longest = text.longest
        guard longest <= context else {
            throw UserError(
                "a document of \(longest) tokens, but the model that is trained sees \(context)",
                hint: "set the batch's context to \(context)", status: .configuration)
        }
    }

    private func result(_ metrics: TrainingMetrics?, _ trainer: Trainer, student: DecoderModel) -> StageResult
    {
        guard let metrics else { return StageResult(summary: "no steps") }
        let loss = metrics.loss.formatted(.number.precision(.fractionLength(4)))
        var figures = ["tokens": Double(metrics.tokens), "steps": Double(metrics.step), "loss": metrics.loss]
        figures["validation_loss"] = metrics.validationLoss
        figures["parameters"] = Double(student.configuration.parameterCount)
        figures["tokens_per_second"] = trainer.tokensPerSecond
        figures["gradient_angle"] = trainer.meanGradientAngle
        return StageResult(
            summary: "\(metrics.tokens) tokens in \(metrics.step) steps, loss \(loss)", figures: figures)
    }

    private func model(
        _ settings: ModelSettings, seed: UInt64, _ stage: TrainStage, _ form: TextForm,
        _ context: StageContext
    ) throws -> DecoderModel {
        switch settings.origin {
        case .checkpoint(let reference):
            let model = try Checkpoint.load(context.url(of: reference), weights: .f32)
            if model.tokenizer != nil { try form.requireSame(model, "the one it is trained with") }
            return model.decoder
        case .cut: preconditionFailure("the recipe makes a stage of what is cut")
        case .new(let shape):
            return try DecoderModel(
                configuration: Configuration(
                    vocabularySize: form.tokenizer.vocabularySize, width: shape.width, layers: shape.layers,
                    heads: shape.heads, keyValueHeads: shape.keyValueHeads,
                    headDimension: shape.headDimension,
                    feedForward: shape.feedForward, tiedHead: shape.tiedHead,
                    contextLength: shape.contextLength),
                seed: seed)
        }
    }

    /// The peer begins from a seed of its own: two of one shape must not begin alike.
    private func peer(_ stage: TrainStage, _ form: TextForm, _ context: StageContext) throws -> Peer? {
        guard let settings = stage.peer else { return nil }
        var stream = RandomStream(seed: context.seed, purpose: "peer")
        return Peer(
            try model(settings.model, seed: stream.next(), stage, form, context),
            losses: settings.losses.map { $0.weighted(signalTemperature: nil) },
            optimizer: (settings.optimizer ?? stage.optimizer).options)
    }
}

/// Writes training's metrics into the stage's log.
private struct MetricsListener: TrainingListener {
    let log: MetricsLog

    init(_ log: MetricsLog) { self.log = log }

    func began(atStep step: Int) throws { try log.truncate(after: step) }

    func digest() throws -> Fingerprint? {
        // Interrupted before its first line a run has no log.
        try FileManager.default.exists(at: log.url) ? Fingerprint(fileAt: log.url) : nil
    }

    func measured(_ metrics: TrainingMetrics) throws {
        var values = metrics.terms
        for (prefix, numbers) in [
            ("gradient_norm", metrics.termGradientNorms), ("weight", metrics.termWeights),
            ("temperature", metrics.termTemperatures),
        ] {
            for (name, number) in numbers { values["\(prefix)_\(name)"] = number }
        }
        values.merge(metrics.source) { $1 }
        values["loss"] = metrics.loss
        values["tokens"] = Double(metrics.tokens)
        values["gradient_norm"] = metrics.gradientNorm
        values["gradient_angle"] = metrics.gradientAngle
        values["learning_rate"] = metrics.learningRate
        values["validation_loss"] = metrics.validationLoss
        try log.append(step: metrics.step, values)
    }
}
