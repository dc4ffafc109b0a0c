import RecipeSchema
import Training

/// Early exits: layers after which the model is trained to predict, too.
struct ExitSettings: Sendable, RecipeSection {
    let options: ExitOptions
    private let location: SourceLocation

    init(_ section: Section) {
        options = ExitOptions(
            layers: section.value(
                "layers", .rising(.integer(1...511)), example: "[2, 3]",
                "The layers, from 1, each before the last."),
            alpha: section.value(
                "alpha", .float(ExitOptions.alphaLimits), default: 0.5,
                "KL weight of the last layer's distribution in an exit's loss; the rest is cross-entropy."),
            temperature: section.value(
                "temperature", .float(Loss.temperatureLimits), default: 1, "Divides the logits of both."),
            weight: section.value(
                "weight", .float(WeightedLoss.weightLimits), default: 1,
                "Factor of each exit's loss, which is added to losses."))
        location = section.location(of: "layers")
    }

    /// Reports an exit that a model with this many layers does not have.
    func check(layers count: Int, _ context: RecipeContext) {
        guard let last = options.layers.last, last >= count else { return }
        context.problems.add(
            "there is no exit after layer \(last) of a model with \(count)", at: location,
            hint: count > 1 ? "accepted: 1 to \(count - 1)" : "give the model more layers")
    }
}
