import RecipeSchema

/// Mutual learning: a second model that is trained in step with the student.
struct PeerSettings: Sendable, RecipeSection {
    /// `nil` is the student's shape.
    let model: ModelSettings?
    /// `nil` is the student's losses.
    let losses: [LossSettings]?
    /// `nil` is the student's optimiser.
    let optimizer: OptimizerSettings?
    let outputName: String
    let modelLocation: SourceLocation
    /// Whether model and losses had no problem.
    let isSound: Bool

    init(_ section: Section) {
        model = section.optional(
            "model", .model, defaultText: "the student's shape",
            "The model that is trained beside the student.")
        losses = section.optional(
            "losses", .list(of: .section(LossSettings.self)), defaultText: "the student's",
            "Its losses. Without a teacher among them it learns from the corpus alone, and the student from it."
        )
        optimizer = section.optional(
            "optimizer", .section(OptimizerSettings.self), defaultText: "the student's",
            "How gradients change its weights.")
        outputName = section.artifactName(default: "peer")
        if case .pruned? = model?.origin, section.sound("model") {
            section.problem(
                at: "model", "a model is not pruned where it is trained", hint: "prune it in a stage before")
        }
        modelLocation = section.location(of: "model")
        isSound = section.sound("model", "losses")
    }
}
