import Checkpoints
import Corpora
import Distillation
import Evaluation
import Foundation
import Support
import Tensors
import Tokenization
import Transformer

/// Trains a model; the output is a checkpoint.
struct TrainExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .train(let stage) = context.stage else { preconditionFailure("a train stage") }
        let form = try TextForm(directory: context.url(of: stage.tokenizer))
        let student = try model(stage, form, context)
        let cache = try stage.signals.map { try SignalCache(directory: context.url(of: $0)) }
        let teachers = try teachers(stage, form, context)
        let encoder = form.encoder(
            context: stage.batch.contextLength, scope: stage.lossOn.targets, systemTurns: stage.systemTurns,
            teacherContext: teachers?.decoders.map(\.configuration.contextLength).min()
                ?? cache?.manifest.origin.teacherContextLength ?? .max)
        let documents = try documents(stage, encoder, context)
        try cache?.require(
            tokenizer: form.fingerprint, template: form.template.jinja,
            vocabularySize: form.tokenizer.vocabularySize)
        try cache?.requireAll(documents)

        let options = options(
            stage, corpusTokens: documents.tokenCount, signalTemperature: cache?.manifest.origin.temperature,
            seed: context.seed)
        let corpus = CorpusSource(
            corpus: documents, cache: cache, readsHidden: !stage.features.isEmpty,
            sequences: stage.batch.sequences, context: stage.batch.contextLength,
            parts: stage.batch.accumulate, seed: context.seed)
        let trainer = try Trainer(
            student: student, teachers: teachers,
            source: try onPolicy(
                stage, corpus: corpus, student: student, teacher: teachers?.decoders.first, form, encoder,
                steps: options.steps, context)
                ?? corpus,
            options: options, angle: try gradientAngle(stage, form, context),
            validate: try validation(stage, encoder, context))
        let metrics = try trainer.run(
            stateURL: context.work.appending(path: "state.safetensors"),
            listener: MetricsListener(context.metrics),
            progress: context.progress)
        try Checkpoint.save(
            decoder: student, tokenizer: form.tokenizer,
            template: ChatTemplate.roleMarkers(in: form.tokenizer), to: context.output,
            as: stage.precision == .bf16 ? .bf16 : .f32)
        return result(metrics, trainer, student: student)
    }

    private func result(_ metrics: TrainingMetrics?, _ trainer: Trainer, student: Decoder) -> StageResult {
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

    private func model(_ stage: TrainStage, _ form: TextForm, _ context: StageContext) throws -> Decoder {
        switch stage.model.origin {
        case .checkpoint(let reference):
            return try Checkpoint.load(context.url(of: reference), weights: .f32).decoder
        case .cut: preconditionFailure("the recipe makes a stage of what is cut")
        case .new(let shape):
            return try Decoder(
                configuration: Configuration(
                    vocabularySize: form.tokenizer.vocabularySize, width: shape.width, layers: shape.layers,
                    heads: shape.heads, keyValueHeads: shape.keyValueHeads,
                    headDimension: shape.headDimension,
                    feedForward: shape.feedForward, tiedHead: shape.tiedHead,
                    contextLength: shape.contextLength),
                seed: context.seed)
        }
    }

    private func teachers(_ stage: TrainStage, _ form: TextForm, _ context: StageContext) throws -> Teachers?
    {
        guard !stage.teachers.isEmpty else { return nil }
        let decoders = try stage.teachers.map { try teacher($0.model, form, context) }
        return Teachers(
            decoders,
            mixture: TeacherMixture(
                weights: stage.teachers.map { Float($0.weight) }, space: stage.teacherMix.space,
                weighting: stage.teacherMix.weighting))
    }

    private func teacher(_ model: Reference, _ form: TextForm, _ context: StageContext) throws -> Decoder {
        let teacher = try context.checkpoint(model)
        guard try teacher.requireTokenizer().serializedModel == form.tokenizer.serializedModel else {
            throw UserError(
                "has another tokenizer than the student", file: teacher.url.relativePath,
                remedy: "train the student with the teacher's tokenizer", status: .configuration)
        }
        return teacher.decoder
    }

    private func gradientAngle(
        _ stage: TrainStage, _ form: TextForm, _ context: StageContext
    ) throws -> GradientAngle? {
        try stage.gradientAngle.map {
            GradientAngle(to: try teacher($0.teacher, form, context), interval: $0.every)
        }
    }

    /// All corpora's documents; one of weight w occurs w times, a fraction of a time by chance.
    private func documents(
        _ stage: TrainStage, _ encoder: CorpusEncoder, _ context: StageContext
    ) throws -> EncodedCorpus {
        let inputs = stage.corpus.map { CorpusReader.Input(context.url(of: $0.source), limit: $0.limit) }
        let corpus = try encoder.encode(CorpusReader(inputs), in: context.work)
        guard stage.corpus.contains(where: { $0.weight != 1 }) else { return corpus }
        return corpus.choosing(
            zip(stage.corpus, corpus.parts).enumerated().flatMap { index, part in
                let (input, documents) = part
                let copies = Int(input.weight)
                let rest = Int(((input.weight - Double(copies)) * Double(documents.count)).rounded())
                var stream = RandomStream(
                    seed: context.seed, purpose: "corpus weight", index: UInt64(index))
                let extra = stream.permutation(of: documents.count).prefix(rest).sorted()
                return (0..<copies).flatMap { _ in documents } + extra.map { documents.lowerBound + $0 }
            })
    }

    /// The student's own text mixed with the corpus; nil where the recipe wants the corpus alone.
    private func onPolicy(
        _ stage: TrainStage, corpus: CorpusSource, student: Decoder, teacher: Decoder?, _ form: TextForm,
        _ encoder: CorpusEncoder, steps: Int, _ context: StageContext
    ) throws -> OnPolicySource? {
        guard let settings = stage.onPolicy else { return nil }
        let prompts = try context.reader(settings.prompts).records().map { record in
            let prompt = try encoder.prompt(
                record.prompt ?? record.texts.map { Message(role: .user, content: $0) })
            return RolloutPrompt(student: prompt.student, teacher: prompt.teacher)
        }
        return OnPolicySource(
            student: student, teacher: teacher, prompts: prompts, corpus: corpus,
            stopIDs: form.template.stopIDs(in: form.tokenizer),
            endID: form.tokenizer.id(of: form.template.endMarker),
            excludedIDs: form.template.neverSaid(in: form.tokenizer),
            options: settings.options(recordsOdds: stage.losses.contains(where: \.kind.needsDrawnTokens)),
            steps: steps,
            budget: stage.batch.sequences * stage.batch.contextLength, parts: stage.batch.accumulate,
            seed: context.seed)
    }

    private func options(
        _ stage: TrainStage, corpusTokens: Int, signalTemperature: Float?, seed: UInt64
    ) -> TrainingOptions {
        let budget = stage.batch.sequences * stage.batch.contextLength
        let steps: Int =
            switch stage.duration {
            case .steps(let steps): steps
            case .tokens(let tokens): (tokens + budget - 1) / budget
            case .epochs(let epochs):
                max(1, Int((epochs * Double(corpusTokens) / Double(budget)).rounded(.up)))
            }
        func share(_ length: ScheduleSettings.Length) -> Double {
            switch length {
            case .fraction(let fraction): fraction
            case .steps(let count): min(1, Double(count) / Double(steps))
            }
        }
        let (schedule, optimizer) = (stage.schedule, stage.optimizer)
        return TrainingOptions(
            steps: steps,
            losses: stage.losses.map { $0.weighted(signalTemperature: signalTemperature) },
            features: stage.features.map(\.weighted), seed: seed,
            optimizer: AdamW.Options(
                learningRate: Float(optimizer.learningRate), weightDecay: Float(optimizer.weightDecay),
                beta1: Float(optimizer.beta1), beta2: Float(optimizer.beta2),
                epsilon: Float(optimizer.epsilon)),
            embeddingLearningRateScale: Float(optimizer.embeddingLearningRateScale),
            schedule: Schedule(
                schedule.kind.shape, warmup: share(schedule.warmup), final: schedule.final,
                decay: share(schedule.decay)),
            clip: stage.clip, averageDecay: stage.averageDecay.map { Float($0) },
            saveInterval: stage.checkpointEvery.saveInterval, validationInterval: stage.validation?.every)
    }

    private func validation(
        _ stage: TrainStage, _ encoder: CorpusEncoder, _ context: StageContext
    ) throws -> ((Decoder) throws -> Double)? {
        guard let settings = stage.validation else { return nil }
        let corpus = try encoder.encode(
            context.reader(settings.corpus, limit: settings.limit), in: context.work)
        let documents = try corpus.map { (ids: $0.ids, isTarget: $0.kept) }
        let length = stage.batch.contextLength
        let windows = PerplexityConvention.hf.windows(
            of: documents, context: length, stride: length, begin: nil)
        return { Perplexity.measure($0, windows: windows).nll }
    }
}

/// Writes training's metrics into the stage's log.
private struct MetricsListener: TrainingListener {
    let log: MetricsLog

    init(_ log: MetricsLog) { self.log = log }

    func began(atStep step: Int) throws { try log.truncate(after: step) }

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

extension ScheduleSettings.Kind {
    var shape: Schedule.Shape {
        switch self {
        case .cosine: .cosine
        case .linear: .linear
        case .constant: .constant
        case .wsd: .wsd
        }
    }
}

extension TrainStage.Interval {
    var saveInterval: TrainingOptions.SaveInterval {
        switch self {
        case .steps(let steps): .steps(steps)
        case .seconds(let seconds): .seconds(seconds)
        }
    }
}
