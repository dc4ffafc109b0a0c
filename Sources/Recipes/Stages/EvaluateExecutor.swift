import Checkpoints
import Evaluation
import Foundation
import Support

/// Measures one model; the output is `evaluation.json`, a `ModelScores`.
struct EvaluateExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .evaluate(let stage) = context.stage else { preconditionFailure("an evaluate stage") }
        precondition(stage.models.count == 1, "a plan has one evaluation for each model")
        let evaluated = stage.models[0]
        let model = try context.checkpoint(evaluated.reference).ending(at: evaluated.exit)
        var scores = ModelScores(
            model: evaluated.name, parameters: model.decoder.configuration.parameterCount,
            bytes: try Checkpoint.weightBytes(at: model.url))
        var items: [String: ItemSums] = [:]
        let parts =
            stage.tasks.count
            + [!stage.perplexity.isEmpty, !stage.agreement.isEmpty, stage.measuresSpeed]
            .count { $0 }
        context.progress(.began(stage: context.label, total: parts, unit: "measurements"))
        var (done, tokens) = (0, 0)
        func advance(_ count: Int) {
            done += 1
            tokens += count
            context.progress(.advanced(stage: context.label, done: done, tokens: tokens, loss: nil))
        }
        // The teacher itself is measured as it reads the text.
        let isTeacher = evaluated.reference.target == stage.teacher?.target
        let evaluator = Evaluator(
            context: stage.contextLength, stride: stage.stride,
            systemTurns: isTeacher ? .both : stage.systemTurns, scratch: context.work)
        if !stage.perplexity.isEmpty {
            let reader = context.reader(
                stage.perplexity, limit: stage.limit, documents: stage.documents)
            let result = try evaluator.perplexity(of: model, on: reader)
            scores.counted = result.counted
            items["nll"] = result.items
            if let counted = result.counted {
                context.progress(.note("\(context.label): perplexity on \(counted)"))
            }
            scores.perplexity = Measurement(result.perplexity, standardError: result.standardError)
            scores.loss = Measurement(result.nll, standardError: result.standardError / result.perplexity)
            advance(result.tokens)
        }
        if !stage.agreement.isEmpty, let teacher = stage.teacher {
            let reader = context.reader(
                stage.agreement, limit: stage.limit, documents: stage.documents)
            let result = try evaluator.agreement(of: model, with: context.checkpoint(teacher), on: reader)
            items["mean_kl"] = result.items
            scores.kl = Measurement(result.meanKL, standardError: result.standardError)
            scores.agreement = Measurement(result.topAgreement)
            scores.calibrationError = Measurement(result.calibrationError)
            advance(result.tokens)
        }
        var results: [TaskAccuracy] = []
        for (label, task) in stage.tasks {
            let questions = try TaskQuestion.read(context.url(of: task.questions), limit: stage.limit)
            let result = try TaskAccuracy.measure(
                model, questions: questions, system: task.system, rule: task.rule)
            results.append(result)
            items[label] = result.items
            scores.tasks.append(
                ModelScores.Task(
                    label: label, accuracy: Measurement(result.accuracy, standardError: result.standardError),
                    questions: result.questions, normalized: result.normalizedAccuracy))
            advance(0)
        }
        if stage.showsRepetition, !results.isEmpty {
            func mean(_ value: (TaskAccuracy) -> Double) -> Measurement {
                let questions = results.reduce(0) { $0 + $1.questions }
                return Measurement(
                    results.reduce(0) { $0 + value($1) * Double($1.questions) } / Double(max(questions, 1)))
            }
            scores.repetition = mean(\.repetition)
            scores.answerLength = mean(\.length)
        }
        if stage.measuresSpeed {
            scores.tokensPerSecond = try DecodingSpeed.measure(model.decoder)
            advance(0)
        }
        scores.items = items.isEmpty ? nil : items
        try AtomicFile.write(try JSONEncoder.forRecords.encode(scores), to: context.output)
        return StageResult(summary: summary(scores), figures: figures(scores))
    }

    private func figures(_ scores: ModelScores) -> [String: Double] {
        var figures: [String: Double] = [:]
        figures["perplexity"] = scores.perplexity?.value
        figures["loss"] = scores.loss?.value
        figures["kl"] = scores.kl?.value
        figures["ece"] = scores.calibrationError?.value
        figures["agreement"] = scores.agreement?.value
        for task in scores.tasks { figures[task.label] = task.accuracy.value }
        figures["repetition"] = scores.repetition?.value
        figures["answer_length"] = scores.answerLength?.value
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
