import Checkpoints

/// Writes a model as a GGUF file, most often with fewer bits a weight.
public struct ConvertStage: Sendable, RecipeSection {
    public let model: Reference
    public let type: ExportType
    let name: String

    init(_ section: Section) {
        model = section.value("model", .reference(to: .checkpoint), example: "student", "The model.")
        type = section.value(
            "type", .choice, default: .standard, "How matrices are stored; vectors stay f32.")
        name = section.artefactName(default: "converted")
    }
}
