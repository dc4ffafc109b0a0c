import Support
import Transformer

/// Early exits that are trained with the model: self-distillation from its last layer to earlier ones (BYOT, Zhang et al. 2019,
/// arXiv 1905.08094).
///
/// An exit applies the model's final norm and head to the residual stream after its layer (as in LayerSkip, arXiv 2404.16710).
/// So exits have no weights of their own, and a model truncated at an exit is an ordinary smaller model. The loss of an exit is
/// (1 − α) · cross-entropy + α · KL(last layer ‖ exit), the last layer's distribution a fixed target.
public struct ExitOptions: Equatable, Sendable {
    /// From 1, rising, each before the last.
    public var layers: [Int]
    /// α, the KL weight of the last layer's distribution.
    public var alpha: Float
    /// Temperature of both softmaxes.
    public var temperature: Float
    /// Factor of each exit's loss in the objective.
    public var weight: Float

    /// The accepted values of α.
    public static let alphaLimits = NumberLimits.fraction

    /// - Parameters:
    ///   - layers: from 1, rising, each before the last
    ///   - alpha: the KL weight of the last layer's distribution, 0 to 1
    ///   - temperature: of both softmaxes
    ///   - weight: factor of each exit's loss in the objective
    public init(layers: [Int], alpha: Float = 0.5, temperature: Float = 1, weight: Float = 1) {
        precondition(Self.alphaLimits.contains(alpha), "alpha \(alpha) is not a fraction")
        self.layers = layers
        self.alpha = alpha
        self.temperature = temperature
        self.weight = weight
    }

    /// The losses of each exit.
    var terms: [WeightedLoss] {
        [
            WeightedLoss(.crossEntropy, weight: weight * (1 - alpha)),
            WeightedLoss(.forwardKL(temperature: temperature), weight: weight * alpha),
        ]
    }

    /// - Throws: `UserError` for a layer that does not exist or is the last
    func check(_ model: Configuration) throws {
        guard let wrong = layers.first(where: { !(1..<model.layers).contains($0) }) else { return }
        throw UserError(
            "there is no exit after layer \(wrong) of a model with \(model.layers)",
            hint: model.layers > 1 ? "accepted: 1 to \(model.layers - 1)" : "it has one layer",
            status: .configuration)
    }
}
