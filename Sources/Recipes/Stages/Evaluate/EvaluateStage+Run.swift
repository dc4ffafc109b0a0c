import Checkpoints
import Evaluation
import Foundation
import Reports
import Support

extension EvaluateStage {
    /// Measures one model; the output is `evaluation.json`, a `ModelScores`.
    func run(_ context: StageContext) throws -> StageResult {
        precondition(models.count == 1, "a plan has one evaluation for each model")
        let evaluated = models[0]
        let model = try context.checkpoint(evaluated.reference).ending(at: evaluated.exit)
        var scores = ModelScores(
            model: evaluated.name, parameters: model.decoder.configuration.parameterCount,
            bytes: try Checkpoint.weightBytes(at: model.url))
        var items: [String: ItemSums] = [:]
        let parts =
            tasks.count
            + [!perplexity.isEmpty, !agreement.isEmpty, measuresSpeed]
            .count { $0 }
        context.progress(.began(stage: context.label, total: parts, unit: "measurements"))
        var (done, tokens) = (0, 0)
        func advance(_ count: Int) {
            done += 1
            tokens += count
            context.progress(.advanced(stage: context.label, done: done, tokens: tokens, loss: nil))
        }
        // The teacher itself is measured as it reads the text.
        let isTeacher = evaluated.reference.target == teacher?.target
        let evaluator = Evaluator(
            context: contextLength, stride: stride,
            systemTurns: isTeacher ? .both : systemTurns, scratch: context.work)
        if !perplexity.isEmpty {
            let reader = context.reader(
                perplexity, limit: limit, documents: documents)
            let result = try evaluator.perplexity(of: model, on: reader)
            scores.counted = result.counted
            items["nll"] = result.items
            if let counted = result.counted {
                context.progress(.note("\(context.label): perplexity on \(counted)"))
            }
            scores.perplexity = MeasuredValue(result.perplexity, standardError: result.standardError)
            scores.loss = MeasuredValue(result.nll, standardError: result.standardError / result.perplexity)
            advance(result.tokens)
        }
        if !agreement.isEmpty, let teacher {
            let reader = context.reader(
                agreement, limit: limit, documents: documents)
            let result = try evaluator.agreement(of: model, with: context.checkpoint(teacher), on: reader)
            items["mean_kl"] = result.items
            scores.kl = MeasuredValue(result.meanKL, standardError: result.standardError)
            scores.agreement = MeasuredValue(result.topAgreement)
            scores.calibrationError = MeasuredValue(result.calibrationError)
            advance(result.tokens)
        }
        var results: [TaskAccuracy] = []
        for (label, task) in tasks {
            let questions = try TaskQuestion.read(context.url(of: task.questions), limit: limit)
            let result = try TaskAccuracy.measure(
                model, questions: questions, system: task.system, rule: task.rule)
            results.append(result)
            items[label] = result.items
            scores.tasks.append(
                ModelScores.Task(
                    label: label,
                    accuracy: MeasuredValue(result.accuracy, standardError: result.standardError),
                    questions: result.questions, normalized: result.normalizedAccuracy))
            advance(0)
        }
        if showsRepetition, !results.isEmpty {
            func mean(_ value: (TaskAccuracy) -> Double) -> MeasuredValue {
                let questions = results.reduce(0) { $0 + $1.questions }
                return MeasuredValue(
                    results.reduce(0) { $0 + value($1) * Double($1.questions) } / Double(max(questions, 1)))
            }
            scores.repetition = mean(\.repetition)
            scores.answerLength = mean(\.length)
        }
        if measuresSpeed {
            scores.tokensPerSecond = try DecodingSpeed.measure(model.decoder)
            advance(0)
        }
        scores.items = items.isEmpty ? nil : items
        try AtomicFile.write(try JSONEncoder.forRecords.encode(scores), to: context.output)
        return StageResult(summary: summary(scores), metrics: metrics(scores))
    }

    private func metrics(_ scores: ModelScores) -> [String: Double] {
        var metrics: [String: Double] = [:]
        metrics["perplexity"] = scores.perplexity?.value
        metrics["loss"] = scores.loss?.value
        metrics["kl"] = scores.kl?.value
        metrics["ece"] = scores.calibrationError?.value
        metrics["agreement"] = scores.agreement?.value
        for task in scores.tasks { metrics[task.label] = task.accuracy.value }
        metrics["repetition"] = scores.repetition?.value
        metrics["answer_length"] = scores.answerLength?.value
        metrics["tokens_per_second"] = scores.tokensPerSecond
        return metrics
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

    func reportItems(_ finished: FinishedStage) throws -> [ReportItem] {
        let data = try ConfigurationFile.read(finished.outputs[0])
        return [.scores(try JSONDecoder.forRecords.decode(ModelScores.self, from: data))]
    }
}
