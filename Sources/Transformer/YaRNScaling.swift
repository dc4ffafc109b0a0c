import Foundation

/// YaRN: frequencies whose waves are many within the original context are kept, those of few waves are divided by a factor,
/// those between are blended, and turned components are scaled (Peng et al. 2023, arXiv 2309.00071, as transformers computes it).
public struct YaRNScaling: Encodable, Equatable, Sendable {
    /// What the lowest frequencies are divided by.
    public var factor: Double
    /// Positions of pretraining.
    public var originalContext: Int
    /// Factor of turned components, and so the root of that of attention scores.
    public var attentionFactor: Double
    /// Waves within the original context from which on a frequency is kept.
    public var betaFast: Double
    /// Waves within the original context up to which a frequency is divided by the whole factor.
    public var betaSlow: Double
    /// Whether the pairs of components at which blending begins and ends are rounded, outwards, to whole numbers.
    public var truncates: Bool

    /// The paper's choice of the waves from which on a frequency is kept.
    public static let standardBetaFast = 32.0
    /// The paper's choice of the waves up to which a frequency is divided.
    public static let standardBetaSlow = 1.0

    /// A scaling; what is left out is as the paper recommends.
    public init(
        factor: Double, originalContext: Int, attentionFactor: Double? = nil,
        betaFast: Double = standardBetaFast, betaSlow: Double = standardBetaSlow, truncates: Bool = true
    ) {
        self.factor = factor
        self.originalContext = originalContext
        self.attentionFactor = attentionFactor ?? Self.attentionFactor(for: factor)
        self.betaFast = betaFast
        self.betaSlow = betaSlow
        self.truncates = truncates
    }

    /// The paper's factor of turned components, 0.1 · ln(factor) + 1; 1 where contexts are not longer.
    ///
    /// - Parameter scale: of the logarithm: `mscale` of DeepSeek's configurations
    public static func attentionFactor(for factor: Double, scale: Double = 1) -> Double {
        factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
    }

    /// What is wrong with the scaling; empty when it is valid.
    func problems(theta: Double) -> [String] {
        let positive = [
            ("factor", factor), ("context", Double(originalContext)), ("attention factor", attentionFactor),
            ("beta_fast", betaFast), ("beta_slow", betaSlow),
        ]
        var problems = positive.filter { !($0.1 > 0 && $0.1.isFinite) }.map {
            "the rotary \($0.0) \($0.1) is not positive"
        }
        if betaFast < betaSlow {
            problems.append("the rotary beta_fast \(betaFast) is below beta_slow \(betaSlow)")
        }
        if theta <= 1 { problems.append("a rotary base of \(theta) has no YaRN scaling") }
        return problems
    }

    /// - Parameter frequencies: plain ones, of the base `theta`; one for each pair of components
    func scaled(_ frequencies: [Float], theta: Double) -> [Float] {
        let dimension = Double(2 * frequencies.count)
        /// The pair of components that turns so many times within the original context.
        func pair(waves: Double) -> Double {
            dimension * log(Double(originalContext) / (waves * 2 * .pi)) / (2 * log(theta))
        }
        var (low, high) = (pair(waves: betaFast), pair(waves: betaSlow))
        if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        (low, high) = (max(low, 0), min(high, dimension - 1))
        // Where they meet, the reference implementations step within a thousandth of a pair.
        if low == high { high += 0.001 }
        return frequencies.enumerated().map { index, frequency in
            let divided = Float(min(max((Double(index) - low) / (high - low), 0), 1))
            return frequency / Float(factor) * divided + frequency * (1 - divided)
        }
    }
}
