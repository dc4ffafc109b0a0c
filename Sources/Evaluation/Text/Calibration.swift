/// The expected calibration error: how far a model's confidence is from its accuracy (Naeini et al. 2015; Guo et al. 2017,
/// arXiv 1706.04599).
///
/// A prediction is the likeliest token, its confidence that token's probability; it is right where it is the next token of the
/// text. Predictions fall into 15 bins of equal width by confidence, (0, 1/15], … (14/15, 1], and
///
///     ECE = Σ_b n_b / n · |accuracy in b − mean confidence in b|
///
/// from 0, a calibrated model, to 1. With few predictions it is above 0 by chance alone.
public struct Calibration: Equatable, Sendable {
    /// Number of bins: that of most papers, so that errors compare.
    public static let bins = 15

    private struct Bin: Equatable {
        var count = 0
        var right = 0
        var confidence = 0.0
    }

    private var content = [Bin](repeating: Bin(), count: Calibration.bins)

    /// No predictions.
    public init() {}

    /// Adds a prediction.
    ///
    /// - Parameters:
    ///   - confidence: the probability of the likeliest token, above 0
    ///   - isRight: whether it is the next token
    public mutating func add(confidence: Float, isRight: Bool) {
        let bin = Int((Double(confidence) * Double(Self.bins)).rounded(.up)) - 1
        let index = min(max(bin, 0), Self.bins - 1)
        content[index].count += 1
        content[index].right += isRight ? 1 : 0
        content[index].confidence += Double(confidence)
    }

    /// The expected calibration error; 0 without predictions.
    public var error: Double {
        let count = content.reduce(0) { $0 + $1.count }
        guard count > 0 else { return 0 }
        // n_b / n · |right / n_b − confidence / n_b|
        return content.reduce(0) { $0 + abs(Double($1.right) - $1.confidence) } / Double(count)
    }
}
