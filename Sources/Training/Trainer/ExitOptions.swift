import Support
import Transformer

/// Layers after which a model learns to speak too: self-distillation from deep to shallow (BYOT, Zhang et al. 2019,
/// arXiv 1905.08094).
///
/// An exit reads the residual stream after its layer through the model's own last norm and head (as in LayerSkip,
/// arXiv 2404.16710). So a model has no weights for its exits, and one that ends at an exit is its first layers, an
/// ordinary smaller model. Its loss is (1 − α) · cross-entropy + α · KL(last layer ‖ exit), the last layer's
/// distribution a fixed target.
public struct ExitOptions: Equatable, Sendable {
    /// From 1, rising, each before the last.
    public var layers: [Int]
    /// α, the share of the last layer's word.
    public var alpha: Float
    /// What the softmax of both divides logits by.
    public var temperature: Float
    /// Factor of each exit's loss in the objective.
    public var weight: Float

    public static let alphaLimits = NumberLimits.fraction

    public init(layers: [Int], alpha: Float = 0.5, temperature: Float = 1, weight: Float = 1) {
        precondition(Self.alphaLimits.contains(alpha), "alpha \(alpha) is not a fraction")
        self.layers = layers
        self.alpha = alpha
        self.temperature = temperature
        self.weight = weight
    }

    /// What each exit learns.
    var terms: [WeightedLoss] {
        [
            WeightedLoss(.crossEntropy, weight: weight * (1 - alpha)),
            WeightedLoss(.forwardKL(temperature: temperature), weight: weight * alpha),
        ]
    }

    /// - Throws: `UserError` for a layer that is not there or is the last
    func check(_ model: Configuration) throws {
        guard let wrong = layers.first(where: { !(1..<model.layers).contains($0) }) else { return }
        throw UserError(
            "there is no exit after layer \(wrong) of a model with \(model.layers)",
            hint: model.layers > 1 ? "accepted: 1 to \(model.layers - 1)" : "it has one layer",
            status: .configuration)
    }
}
