import Training

/// Layers after which a model learns to speak too.
public struct ExitSettings: Sendable, RecipeSection {
    public let layers: [Int]
    public let alpha, temperature, weight: Double
    private let place: SourceLocation

    init(_ section: Section) {
        layers = section.value(
            "layers", .rising(.integer(1...511)), example: "[2, 3]",
            "The layers, from 1, each before the last.")
        alpha = section.value(
            "alpha", .number(ExitOptions.alphaLimits), default: 0.5,
            "Share of what the last layer says in an exit's loss; the rest is cross-entropy.")
        temperature = section.value(
            "temperature", .number(Loss.temperatureLimits), default: 1, "Divides the logits of both.")
        weight = section.value(
            "weight", .number(WeightedLoss.weightLimits), default: 1,
            "Factor of each exit's loss beside losses.")
        place = section.place(of: "layers")
    }

    var options: ExitOptions {
        ExitOptions(
            layers: layers, alpha: Float(alpha), temperature: Float(temperature), weight: Float(weight))
    }

    /// Reports an exit that a model of so many layers has not.
    func check(layers count: Int, _ decoding: Decoding) {
        guard let last = layers.last, last >= count else { return }
        decoding.problems.add(
            "there is no exit after layer \(last) of a model with \(count)", at: place,
            hint: count > 1 ? "accepted: 1 to \(count - 1)" : "give the model more layers")
    }
}
