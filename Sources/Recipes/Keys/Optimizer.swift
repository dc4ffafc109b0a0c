import RecipeSchema
import Support
import Training

/// The optimizer's options, and the factor of the embedding's learning rate.
struct OptimizerSettings: Sendable, RecipeSection {
    enum Kind: String, CaseIterable { case adamw }

    let options: AdamW.Options
    let embeddingLearningRateScale: Float

    init(_ section: Section) {
        typealias Limits = AdamW.Options.Limits
        let _: Kind = section.value("kind", .choice, default: .adamw, "The optimizer.")
        options = AdamW.Options(
            learningRate: section.value(
                "learning_rate", .float(Limits.learningRate), default: 1e-3, example: "2e-3",
                "The peak of the schedule."),
            weightDecay: section.value(
                "weight_decay", .float(Limits.weightDecay), default: 0.05,
                "Decoupled decay of the weight matrices; norms have none."),
            beta1: section.value(
                "beta1", .float(Limits.beta), default: 0.9, "Decay of the mean gradient."),
            beta2: section.value(
                "beta2", .float(Limits.beta), default: 0.95, "Decay of the mean squared gradient."),
            epsilon: section.value(
                "epsilon", .float(Limits.epsilon), default: 1e-8, "Added to the root of the second moment."))
        embeddingLearningRateScale = section.value(
            "embedding_learning_rate_scale", .float(Limits.learningRateScale), default: 1,
            "Factor of the learning rate of the embedding.")
    }
}
