import Foundation

/// Whether one model is better than another on the same items: the difference of their scores with its paired standard error.
///
/// With a_i and b_i the sums of the score over item i, n_i their number of observations and N = Σ n_i, the difference is
/// d = Σ (b_i − a_i) / N, and its standard error, clustered by item,
///
///     √(m/(m−1) Σ (b_i − a_i − d n_i)²) / N
///
/// An item's difficulty is mostly the same for both models and cancels, so differences far below the error of each score can be
/// significant (Miller 2024, arXiv 2411.00640). The interval is d ± t·error, with t the two-sided 95% quantile of Student's
/// distribution with m − 1 degrees of freedom.
public struct PairedComparison: Codable, Equatable, Sendable {
    /// The compared metric: `nll`, `mean_kl` or the name of a task.
    public let measure: String
    /// Name of the model.
    public let model: String
    /// Name of the model it is compared with.
    public let baseline: String
    /// The model's score minus the baseline's.
    public let difference: Double
    /// Standard error of the difference.
    public let standardError: Double
    /// Lower end of the 95% confidence interval of the difference.
    public let low: Double
    /// Upper end of that interval.
    public let high: Double
    /// Number of windows of text or questions, or of groups of neighbouring ones.
    public let items: Int
    /// The better model; nil where the interval contains 0.
    public let better: String?

    /// The fewest items that are compared: with fewer, the estimated error is unreliable.
    public static let fewestItems = 5

    /// Compares two models.
    ///
    /// - Parameters:
    ///   - measure: name of the compared metric
    ///   - model: with its scores
    ///   - baseline: with its scores
    ///   - lowerIsBetter: false where a higher score is better
    /// - Returns: nil where the items are not the same, as with models of different tokenizers, or too few
    public init?(
        _ measure: String, of model: (name: String, items: ItemSums),
        against baseline: (name: String, items: ItemSums), lowerIsBetter: Bool
    ) {
        let (a, b) = (baseline.items, model.items)
        guard a.counts == b.counts, a.counts.count >= Self.fewestItems else { return nil }
        let (count, total) = (Double(a.counts.count), Double(a.counts.reduce(0, +)))
        let differences = zip(a.sums, b.sums).map { $1 - $0 }
        let mean = differences.reduce(0, +) / total
        let squares = zip(differences, a.counts).reduce(0) { sum, item in
            let residual = item.0 - mean * Double(item.1)
            return sum + residual * residual
        }
        self.measure = measure
        self.model = model.name
        self.baseline = baseline.name
        items = a.counts.count
        difference = mean
        standardError = (count / (count - 1) * squares).squareRoot() / total
        let reach = Self.quantile(degreesOfFreedom: count - 1) * standardError
        (low, high) = (mean - reach, mean + reach)
        if low > 0 || high < 0 {
            better = (mean < 0) == lowerIsBetter ? model.name : baseline.name
        } else {
            better = nil
        }
    }

    /// Student's t at 97.5%, by its expansion in 1/ν about the normal quantile (Abramowitz and Stegun 26.7.5): with ν ≥ 4 to
    /// half a percent.
    static func quantile(degreesOfFreedom ν: Double) -> Double {
        let z = 1.959_964
        let (z3, z5, z7) = (pow(z, 3), pow(z, 5), pow(z, 7))
        return z + (z3 + z) / (4 * ν) + (5 * z5 + 16 * z3 + 3 * z) / (96 * ν * ν)
            + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * ν * ν * ν)
    }
}

extension PairedComparison: CustomStringConvertible {
    /// A one-line summary.
    public var description: String {
        func text(_ value: Double, signed: Bool = true) -> String {
            String(format: signed ? "%+.4f" : "%.4f", value)
        }
        let verdict = better.map { "\($0) is better" } ?? "no difference is shown"
        return
            "\(measure): \(model) − \(baseline) = \(text(difference)) ± \(text(standardError, signed: false)) (95%: "
            + "\(text(low)) to \(text(high)); \(items) items, paired): \(verdict)"
    }

    /// Compares each model after the first with the first.
    public static func all(
        _ measure: String, _ models: [(name: String, items: ItemSums)], lowerIsBetter: Bool
    ) -> [PairedComparison] {
        guard let baseline = models.first else { return [] }
        return models.dropFirst().compactMap {
            PairedComparison(measure, of: $0, against: baseline, lowerIsBetter: lowerIsBetter)
        }
    }
}
