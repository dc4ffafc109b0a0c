import Checkpoints
import Foundation
import Generation
import Support
import Tokenization
import Transformer

extension GenerateStage {
    /// Answers the prompts; the output is a JSONL corpus.
    func run(_ context: StageContext) throws -> StageResult {
        var prompts = try self.prompts.flatMap { try SynthesisPrompt.read(context.url(of: $0)) }
        if let limit { prompts = Array(prompts.prefix(limit)) }
        if let system { prompts = prompts.map { $0.asked(under: system) } }
        let options = Synthesis.Options(
            sampling: sampling, samples: samples,
            tokenBudget: tokenBudget, seed: context.seed, stop: stop, answer: answer, topLogprobs: topLogprobs
        )
        let synthesis =
            if let endpoint {
                try Synthesis(endpoint: endpoint.endpoint, options: options)
            } else {
                Synthesis(
                    author: try Synthesis.Author(context.checkpoint(model), name: model.name),
                    options: options)
            }
        let finished = context.work.appending(path: "corpus.jsonl")
        // The work directory keeps the origin, by which an output is checked, until the stage is recorded.
        try context.takeBack(
            context.output, as: finished, provided: finished.appendingPathExtension("origin"))
        let summary = try synthesis.run(
            prompts: prompts, into: finished, stage: context.label,
            journal: try endpoint?.journal(in: context.journals),
            progress: context.progress)
        try AtomicFile.install(finished, as: context.output)
        let answers = try JSONLines.count(of: context.output)
        let asked = (answers + samples - 1) / samples
        var result = StageResult(
            summary: "\(answers) answers to \(asked) prompts", metrics: ["answers": Double(answers)])
        if let asked = summary.endpoint {
            result.summary = (["\(answers) answers"] + asked.parts).joined(separator: ", ")
            result.metrics.merge(asked.metrics) { $1 }
        }
        return result
    }
}

extension Synthesis.Author {
    /// - Throws: `UserError` when the checkpoint has no tokenizer
    public init(_ checkpoint: Checkpoint, name: String) throws {
        let tokenizer = try checkpoint.requireTokenizer()
        self.init(
            decoder: checkpoint.decoder, tokenizer: tokenizer,
            template: checkpoint.chatTemplate,
            stopIDs: checkpoint.answerStopIDs,
            name: name, fingerprint: try Checkpoint.fingerprint(at: checkpoint.url))
    }
}
