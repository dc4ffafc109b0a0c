import Checkpoints
import Evaluation
import Foundation
import Reports
import Support
import Tensors
import Tokenization
import Training
import Transformer

extension TrainStage {
    /// Trains the model; the outputs are checkpoints of it and of its peer.
    func run(_ context: StageContext) throws -> StageResult {
        let form = try context.form(tokenizer)
        let student = try makeModel(model, seed: context.seed, form, context)
        let peer = try makePeer(form, context)
        let caches = try openCaches(context)
        let teachers = try loadTeachers(form, context)
        let encoder = form.encoder(
            context: batch.contextLength, scope: lossOn, systemTurns: systemTurns,
            teacherContext: teachers.all.flatMap(\.decoders).map(\.configuration.contextLength).min()
                ?? caches?.caches[0].manifest.origin.teacherContextLength ?? .max)
        let text =
            try synthetic.map { try syntheticText($0, student, context) }
            ?? corpusText(encoder, caches, teachers, form, context)
        for model in [student] + (peer.map { [$0.decoder] } ?? []) {
            try require(model.configuration.contextLength, longEnoughFor: text)
        }

        let options = trainingOptions(
            corpusTokens: text.tokens, stepsReaching: text.stepsReaching,
            signalTemperature: caches?.temperature, seed: context.seed)
        let trainer = try Trainer(
            student: student, teachers: teachers.all, peer: peer,
            source: try onPolicySource(
                corpus: text.source, student: student, teachers: teachers, form, encoder,
                steps: options.steps, context)
                ?? text.source,
            options: options, angle: try makeGradientAngle(form, context),
            validate: try heldOutLoss(encoder, context))
        let state = context.work.appending(path: "state.safetensors")
        try discardIfDamaged(state, context)
        let metrics = try Interruption.saving {
            try trainer.run(
                stateURL: state, listener: MetricsListener(context.metrics), progress: context.progress)
        }
        func save(_ model: DecoderModel, to url: URL) throws {
            try Checkpoint.save(
                decoder: model, tokenizer: form.tokenizer,
                template: form.template.fits(form.tokenizer) || form.template.fault != nil
                    ? form.template : nil,
                to: url,
                as: precision == .bf16 ? .bf16 : .f32)
        }
        if let peer { try save(peer.decoder, to: context.outputs[Self.peerOutput]) }
        try save(student, to: context.output)
        return result(metrics, trainer, student: student)
    }

    /// Removes a damaged training state and reports why: training restarts from the beginning.
    private func discardIfDamaged(_ state: URL, _ context: StageContext) throws {
        do {
            try Trainer.verifyState(at: state, listener: MetricsListener(context.metrics))
        } catch let error as UserError where error.status == .dataFormat {
            context.progress(
                .note(
                    "\(context.label): \(state.relativePath): \(error.problem); training restarts from the beginning"
                ))
            try FileManager.default.removeItem(at: state)
        }
    }

    private func require(_ context: Int, longEnoughFor text: TrainingText) throws {
        let longest = text.longest
        guard longest <= context else {
            throw UserError(
                "a document of \(longest) tokens, but the context of the trained model is \(context)",
                hint: "set the batch's context to \(context)", status: .configuration)
        }
    }

    private func result(_ metrics: TrainingMetrics?, _ trainer: Trainer, student: DecoderModel) -> StageResult
    {
        guard let metrics else { return StageResult(summary: "no steps") }
        let loss = metrics.loss.formatted(.number.precision(.fractionLength(4)))
        var values = ["tokens": Double(metrics.tokens), "steps": Double(metrics.step), "loss": metrics.loss]
        values["validation_loss"] = metrics.validationLoss
        values["parameters"] = Double(student.configuration.parameterCount)
        values["tokens_per_second"] = trainer.tokensPerSecond
        values["gradient_angle"] = trainer.meanGradientAngle
        return StageResult(
            summary: "\(metrics.tokens) tokens in \(metrics.step) steps, loss \(loss)", metrics: values)
    }

    private func makeModel(
        _ settings: ModelSettings, seed: UInt64, _ form: TextForm, _ context: StageContext
    ) throws -> DecoderModel {
        switch settings.origin {
        case .checkpoint(let reference):
            let model = try Checkpoint.load(context.url(of: reference), weights: .f32)
            if model.tokenizer != nil { try form.requireSame(model, "the one it is trained with") }
            return model.decoder
        case .pruned: preconditionFailure("the recipe adds a stage that prunes the student")
        case .new(var shape):
            shape.vocabularySize = form.tokenizer.vocabularySize
            return try DecoderModel(configuration: shape, seed: seed)
        }
    }

    /// The peer has its own seed: two models of the same shape must not start from the same weights.
    private func makePeer(_ form: TextForm, _ context: StageContext) throws -> Peer? {
        guard let peerModel else { return nil }
        var stream = RandomStream(seed: context.seed, purpose: "peer")
        return Peer(
            try makeModel(peerModel, seed: stream.next(), form, context),
            losses: peerLosses.map { $0.weighted(signalTemperature: nil) },
            optimizer: (peer?.optimizer ?? optimizer).options)
    }

    func reportItems(_ finished: FinishedStage) throws -> [ReportItem] {
        let records = try MetricsLog.read(finished.metrics)
        return ReportData.Quantity.allCases.compactMap { quantity in
            let points = records.compactMap { record in
                record.values[quantity.rawValue].map { ReportData.Point(x: Double(record.step), y: $0) }
            }
            return points.isEmpty
                ? nil : .curve(ReportData.Curve(name: outputName, quantity: quantity, points: points))
        }
    }
}
