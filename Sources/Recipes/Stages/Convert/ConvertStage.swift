import Checkpoints
import Foundation
import RecipeSchema
import Transformer

/// Converts a model to a GGUF file, usually a quantized one.
struct ConvertStage: Stage {
    static let name = "convert"
    static let summary = "Converts a model to a GGUF file, usually a quantized one."
    static let metricNames = ["bytes"]

    let model: Reference
    let type: ExportType
    let outputName: String

    init(_ section: Section) {
        model = section.value("model", .reference(to: .checkpoint), example: "student", "The model.")
        type = section.value(
            "type", .choice, default: .standard, "How matrices are stored; vectors stay f32.")
        outputName = section.artifactName(default: "converted")
    }

    var outputs: [ArtifactDeclaration] { [.init(outputName, .checkpoint, file: "model.gguf")] }

    func configuration(ofOutput index: Int, _ models: any ModelLookup) -> Configuration? {
        models.configuration(of: model)
    }

    // MARK: Cost

    func beginsAtRandom(ofOutput index: Int, _ estimator: CostEstimator) -> Bool {
        estimator.beginsAtRandom(model)
    }

    func storedBytes(ofOutput index: Int, _ estimator: CostEstimator) -> WeightBytes? {
        estimator.configuration(of: model).map {
            WeightBytes(
                $0.cost,
                bytesPerWeight: Double(type.dtype.bytesPerBlock) / Double(type.dtype.valuesPerBlock))
        }
    }

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        // Tensors are read from the mapped file and written one after the other.
        CostEstimate(
            seconds: 1, memoryBytes: CostEstimator.processBytes + estimator.stored(model),
            diskBytes: storedBytes(ofOutput: 0, estimator)?.total ?? 0)
    }

    // MARK: Running

    /// Writes the GGUF file.
    func run(_ context: StageContext) throws -> StageResult {
        context.progress(.began(stage: context.label, total: 1, unit: "models"))
        let checkpoint = try context.checkpoint(model)
        try Checkpoint.export(
            decoder: checkpoint.decoder, tokenizer: checkpoint.requireTokenizer(),
            template: checkpoint.template, tokens: checkpoint.tokens, to: context.output, as: type.dtype)
        let bytes = try Checkpoint.weightBytes(at: context.output)
        return StageResult(summary: "\(bytes) bytes", metrics: ["bytes": Double(bytes)])
    }
}
