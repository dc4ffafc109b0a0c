import Foundation

/// A learning-rate schedule, as a fraction of the peak.
public struct Schedule: Codable, Equatable, Sendable {
    /// The curve after the warm-up.
    public enum Shape: String, Codable, CaseIterable, Sendable {
        /// Half a cosine wave down to the final fraction (Loshchilov & Hutter 2017, arXiv 1608.03983).
        case cosine
        /// A straight line down to the final fraction.
        case linear
        /// The peak.
        case constant
        /// Warmup-stable-decay: at the peak until the last fraction, `decay`, of the steps, then linearly down (MiniCPM, arXiv
        /// 2404.06395).
        case wsd
    }

    /// The curve after the warm-up.
    public var shape: Shape
    /// Fraction of the steps in which the rate rises linearly from near 0.
    public var warmup: Double
    /// The rate at the end, as a fraction of the peak.
    public var final: Double
    /// Fraction of the steps that `wsd` decays over; at most those after the warm-up.
    public var decay: Double

    /// By default a cosine after a short warm-up, down to a tenth.
    public init(_ shape: Shape = .cosine, warmup: Double = 0.05, final: Double = 0.1, decay: Double = 0.2) {
        self.shape = shape
        self.warmup = warmup
        self.final = final
        self.decay = decay
    }

    /// The factor of the peak learning rate at step `step`, from 0, of `total`; after the last step it stays the same.
    public func factor(step: Int, total: Int) -> Double {
        let step = min(step, total)
        let warmupSteps = (warmup * Double(total)).rounded()
        if Double(step) < warmupSteps { return Double(step + 1) / warmupSteps }
        let progress = (Double(step) - warmupSteps) / max(Double(total) - warmupSteps, 1)
        switch shape {
        case .constant: return 1
        case .linear: return 1 + (final - 1) * progress
        case .cosine: return final + (1 - final) * 0.5 * (1 + cos(.pi * progress))
        case .wsd:
            let decaySteps = min((decay * Double(total)).rounded(), Double(total) - warmupSteps)
            let left = Double(total - step)
            return left >= decaySteps ? 1 : final + (1 - final) * left / max(decaySteps, 1)
        }
    }
}
