/// A second model that is trained in step with the student.
public struct PeerSettings: Sendable, RecipeSection {
    public let model: ModelSettings
    public let losses: [LossSettings]
    /// `nil` is the student's.
    public let optimizer: OptimizerSettings?
    let name: String
    /// The losses, where they are not the student's.
    let ownLosses: [LossSettings]?

    init(_ section: Section) {
        let (beside, losses) = section.decoding.besidePeer
        let type = KeyType<ModelSettings>.model
        model =
            section.optional("model", type, defaultText: "the student's shape", "What is trained beside it.")
            ?? beside ?? type.placeholder()
        section.record("model", model.setting)
        ownLosses = section.optional(
            "losses", .list(of: .section(LossSettings.self)), defaultText: "the student's",
            "What it learns; losses without a teacher make it one that goes on learning while the student follows."
        )
        self.losses = ownLosses ?? losses
        optimizer = section.optional(
            "optimizer", .section(OptimizerSettings.self), defaultText: "the student's",
            "How gradients change its weights.")
        name = section.artefactName(default: "peer")
        if case .cut = model.origin, section.sound("model") {
            section.problem(
                at: "model", "a model is not cut where it is trained", hint: "cut it in a stage before")
        }
        if let beside, case .checkpoint(let one) = beside.origin, case .checkpoint(let other) = model.origin,
            one.target == other.target, ownLosses == nil, section.sound("model", "losses")
        {
            section.problem(
                at: "model", "two models that begin alike and learn alike stay alike",
                hint: "begin the peer from another model or shape, or give it losses of its own")
        }
    }
}
