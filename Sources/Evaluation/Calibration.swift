/// Whether a model is as often right as it is sure: the expected calibration error (Naeini et al. 2015; Guo et al. 2017,
/// arXiv 1706.04599).
///
/// A prediction is the likeliest token, its confidence that token's probability; it is right where the text goes on with
/// that token. Predictions fall into 15 bins of equal width by confidence, (0, 1/15], … (14/15, 1], and
///
///     ECE = Σ_b n_b / n · |share right in b − mean confidence in b|
///
/// from 0, a model that means what it says, to 1. With few predictions it is above 0 by chance alone.
public struct Calibration: Equatable, Sendable {
    /// As many as in most papers, so that errors compare.
    public static let bins = 15

    private struct Bin: Equatable {
        var count = 0
        var right = 0
        var confidence = 0.0
    }

    private var content = [Bin](repeating: Bin(), count: Calibration.bins)

    public init() {}

    /// - Parameter confidence: the probability of the likeliest token, above 0
    public mutating func add(confidence: Float, isRight: Bool) {
        let bin = Int((Double(confidence) * Double(Self.bins)).rounded(.up)) - 1
        let place = min(max(bin, 0), Self.bins - 1)
        content[place].count += 1
        content[place].right += isRight ? 1 : 0
        content[place].confidence += Double(confidence)
    }

    /// The expected calibration error; 0 without predictions.
    public var error: Double {
        let count = content.reduce(0) { $0 + $1.count }
        guard count > 0 else { return 0 }
        // n_b / n · |right / n_b − confidence / n_b|
        return content.reduce(0) { $0 + abs(Double($1.right) - $1.confidence) } / Double(count)
    }
}
