import Checkpoints
import Corpora
import Evaluation
import Foundation
import Support
import Tensors
import Transformer

/// Measures one model; the output is `evaluation.json`, a `ModelScores`.
struct EvaluateExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .evaluate(let stage) = context.stage else { preconditionFailure("an evaluate stage") }
        precondition(stage.models.count == 1, "a plan has one evaluation for each model")
        let reference = stage.models[0]
        let model = try context.checkpoint(reference)
        var scores = ModelScores(
            model: reference.name, parameters: model.decoder.configuration.parameterCount,
            bytes: try Checkpoint.weightBytes(at: model.url))
        let parts = stage.tasks.count + [!stage.perplexity.isEmpty, !stage.agreement.isEmpty, stage.measuresSpeed]
            .count { $0 }
        context.progress(.began(stage: context.label, total: parts, unit: "measurements"))
        var (done, tokens) = (0, 0)
        func advance(_ count: Int) {
            done += 1
            tokens += count
            context.progress(.advanced(stage: context.label, done: done, tokens: tokens, loss: nil))
        }
        if !stage.perplexity.isEmpty {
            let result = Perplexity.measure(model.decoder, windows: try windows(stage.perplexity, stage, model, context))
            scores.perplexity = Measurement(result.perplexity, standardError: result.standardError)
            advance(result.tokens)
        }
        if !stage.agreement.isEmpty, let teacher = stage.teacher {
            let result = try agreement(with: teacher, model, stage, context)
            scores.kl = Measurement(result.meanKL, standardError: result.standardError)
            scores.agreement = Measurement(result.topAgreement)
            advance(result.tokens)
        }
        for (label, file) in stage.tasks {
            let questions = try TaskQuestion.read(context.url(of: file), limit: stage.limit)
            let result = try TaskAccuracy.measure(model, questions: questions)
            scores.tasks.append(
                ModelScores.Task(
                    label: label, accuracy: Measurement(result.accuracy, standardError: result.standardError),
                    questions: result.questions))
            advance(0)
        }
        if stage.measuresSpeed {
            scores.tokensPerSecond = try DecodingSpeed.measure(model.decoder)
            advance(0)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(try encoder.encode(scores), to: context.output)
        return StageResult(summary: summary(scores), figures: figures(scores))
    }

    private func windows(
        _ files: [Reference], _ stage: EvaluateStage, _ model: Checkpoint, _ context: StageContext
    ) throws -> [Window] {
        let length = min(stage.contextLength, model.decoder.configuration.contextLength)
        // Whole documents; the convention cuts them into windows.
        let encoder = try TextForm(model).encoder(context: .max, scope: .assistant)
        let documents = try encoder.encode(context.records(files, limit: stage.limit)).documents
        return PerplexityConvention.hf.windows(
            of: documents.map { (ids: $0.ids, isTarget: $0.kept) }, context: length,
            stride: min(stage.stride, length), begin: nil)
    }

    private func agreement(
        with reference: Reference, _ model: Checkpoint, _ stage: EvaluateStage, _ context: StageContext
    ) throws -> Agreement {
        let teacher = try context.checkpoint(reference)
        guard try teacher.requireTokenizer().serializedModel == model.requireTokenizer().serializedModel else {
            throw UserError(
                "has another tokenizer than \(reference.name): token by token they cannot be compared",
                file: model.url.relativePath, remedy: "leave agreement out for this model", status: .configuration)
        }
        return Agreement.measure(
            student: model.decoder, teacher: teacher.decoder,
            windows: try windows(stage.agreement, stage, model, context))
    }

    private func figures(_ scores: ModelScores) -> [String: Double] {
        var figures: [String: Double] = [:]
        figures["perplexity"] = scores.perplexity?.value
        figures["kl"] = scores.kl?.value
        figures["agreement"] = scores.agreement?.value
        for task in scores.tasks { figures[task.label] = task.accuracy.value }
        figures["tokens_per_second"] = scores.tokensPerSecond
        return figures
    }

    private func summary(_ scores: ModelScores) -> String {
        var parts: [String] = []
        if let perplexity = scores.perplexity { parts.append("perplexity \(decimal(perplexity.value, 3))") }
        if let kl = scores.kl { parts.append("KL \(decimal(kl.value, 4))") }
        parts += scores.tasks.map { "\($0.label) \(decimal(100 * $0.accuracy.value, 1)) %" }
        return parts.isEmpty ? "measured" : parts.joined(separator: ", ")
    }

    private func decimal(_ value: Double, _ digits: Int) -> String {
        value.formatted(.number.precision(.fractionLength(digits)).locale(Locale(identifier: "en_US_POSIX")))
    }
}
