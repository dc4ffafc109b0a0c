import RecipeSchema

/// Mutual learning: a second model that is trained at the same time as the student.
struct PeerSettings: Sendable, RecipeSection {
    /// `nil` is the student's shape.
    let model: ModelSettings?
    /// `nil` is the student's losses.
    let losses: [LossSettings]?
    /// `nil` is the student's optimizer.
    let optimizer: OptimizerSettings?
    let outputName: String
    let modelLocation: SourceLocation
    /// Whether model and losses had no problem.
    let isSound: Bool

    init(_ section: Section) {
        model = section.optional(
            "model", .model, defaultText: "the student's shape",
            "The model that is trained at the same time as the student.")
        losses = section.optional(
            "losses", .list(of: .section(LossSettings.self)), defaultText: "the student's",
            "The peer's losses. If none compares with a teacher, the peer is trained on the corpus alone and "
                + "is the student's teacher."
        )
        optimizer = section.optional(
            "optimizer", .section(OptimizerSettings.self), defaultText: "the student's",
            "The peer's optimizer.")
        outputName = section.artifactName(default: "peer")
        if case .pruned? = model?.origin, section.sound("model") {
            section.problem(
                at: "model", "a model is not pruned where it is trained", hint: "prune it in a stage before")
        }
        modelLocation = section.location(of: "model")
        isSound = section.sound("model", "losses")
    }
}
