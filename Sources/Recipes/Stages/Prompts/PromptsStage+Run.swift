import Foundation
import Generation
import Support
import Transformer

extension PromptsStage {
    /// Makes the prompts; the output is a JSONL file of chats.
    func run(_ context: StageContext) throws -> StageResult {
        guard let source else { preconditionFailure("a stage with problems is not run") }
        let name = model?.name
        let asking = try model.map {
            try ModelRequests(
                of: $0, at: endpoint, sampling: sampling, stop: source.stop, context: context)
        }
        let result = try source.prompts(context, asking: type(of: source).usesModel ? asking : nil)
        guard result.counts?.kept ?? result.prompts.count > 0 else {
            throw UserError(
                "no prompt was found in the \(result.counts?.answers ?? 0) answers\(name.map { " of \($0)" } ?? "")",
                hint: "raise max_new_tokens, change the instruction, or ask another model",
                status: .dataFormat
            )
        }
        try AtomicFile.write(to: context.output) { writer in
            for prompt in result.prompts {
                try writer.write(try JSONEncoder.stable.encode(prompt))
                try writer.write("\n")
            }
        }
        var metrics = ["prompts": Double(result.prompts.count)]
        var summary = "\(result.prompts.count) prompts"
        if let counts = result.counts {
            metrics["requests"] = Double(counts.answers)
            metrics["similar"] = Double(counts.similar)
            summary += " from \(counts.answers) answers"
            let left: [(count: Int, what: String)] = [
                (counts.answersWithoutPrompt, "answers without one"),
                (counts.similar, "similar to earlier ones"),
                (counts.tooShort, "too short"),
            ].filter { $0.count > 0 }
            if !left.isEmpty {
                summary += "; left out: " + left.map { "\($0.count) \($0.what)" }.joined(separator: ", ")
            }
        }
        return StageResult(summary: summary, metrics: metrics)
    }
}

extension ModelRequests {
    /// Sends the requests of a writer and adds the prompts of the answers.
    ///
    /// - Parameter seed: of the samples, where rounds ask the same; nil for the stage's
    func ask(
        _ writer: some PromptWriter, round: Int = 0, seed: UInt64? = nil, adding written: inout WrittenPrompts
    ) throws {
        let answers = try answers(to: writer.questions, file: "answers-\(round).jsonl", seed: seed)
        try written.add(answersIn: answers.url, of: writer)
    }
}
