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
            try PromptAsking(
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

/// Asks a model for prompts, resuming what an earlier attempt has begun.
struct PromptAsking {
    private let synthesis: (_ seed: UInt64) throws -> Synthesis
    private let endpoint: EndpointSettings?
    private let context: StageContext

    init(
        of model: Reference, at endpoint: EndpointSettings?, sampling: SamplingOptions, stop: [String] = [],
        context: StageContext
    ) throws {
        self.endpoint = endpoint
        self.context = context
        func options(_ seed: UInt64) -> Synthesis.Options {
            Synthesis.Options(sampling: sampling, seed: seed, stop: stop)
        }
        if let endpoint {
            synthesis = { try Synthesis(endpoint: endpoint.endpoint, options: options($0)) }
        } else {
            let author = try Synthesis.Author(context.checkpoint(model), name: model.name)
            synthesis = { Synthesis(author: author, options: options($0)) }
        }
    }

    /// Sends the requests of a writer and adds the prompts of the answers.
    ///
    /// - Parameter seed: of the samples, where rounds ask the same; nil for the stage's
    func ask(
        _ writer: some PromptWriter, round: Int = 0, seed: UInt64? = nil, adding written: inout WrittenPrompts
    ) throws {
        let answers = context.work.appending(path: "answers-\(round).jsonl")
        try synthesis(seed ?? context.seed).run(
            prompts: writer.questions, into: answers, stage: context.label,
            journal: try endpoint?.journal(in: context.journals), progress: context.progress)
        try written.add(answersIn: answers, of: writer)
    }
}
