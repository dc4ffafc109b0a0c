import Checkpoints
import Foundation

/// Writes a model in another format; the output is a GGUF file.
struct ConvertExecutor: StageExecutor {
    func run(_ context: StageContext) throws -> StageResult {
        guard case .convert(let stage) = context.stage else { preconditionFailure("a convert stage") }
        context.progress(.began(stage: context.label, total: 1, unit: "models"))
        let model = try context.checkpoint(stage.model)
        try Checkpoint.export(
            decoder: model.decoder, tokenizer: model.requireTokenizer(), template: model.template,
            tokens: model.tokens,
            to: context.output, as: stage.type.format)
        let bytes = try Checkpoint.weightBytes(at: context.output)
        return StageResult(summary: "\(bytes) bytes", figures: ["bytes": Double(bytes)])
    }
}
