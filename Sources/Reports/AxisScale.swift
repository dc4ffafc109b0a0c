import Foundation

/// A linear axis: round ticks with labels that differ, and positions between 0 and 1.
struct AxisScale {
    let low, high: Double
    let ticks: [Double]

    /// - Parameter values: finite, at least one
    init(covering values: [Double]) {
        let (least, most) = (values.min() ?? 0, values.max() ?? 0)
        ticks = Self.ticks(from: least, to: most)
        low = min(least, ticks[0])
        high = max(most, ticks[ticks.count - 1])
    }

    /// Where a value lies on the axis: 0 at its low end, 1 at its high end.
    func position(_ value: Double) -> Double { high > low ? (value - low) / (high - low) : 0.5 }

    /// One label a tick. They have as many decimals as keep neighbours apart; large ones are written in k, M and G.
    var labels: [String] {
        let largest = ticks.map(abs).max() ?? 0
        // One tick is a value, not a step: it gets the digits that tell it.
        guard ticks.count > 1 else { return ticks.map { String(format: "%.4g", $0) } }
        let step = ticks[1] - ticks[0]
        guard largest < 1e12, step >= 1e-6 else { return ticks.map { String(format: "%.3g", $0) } }
        let (unit, suffix) =
            largest >= 1e9 ? (1e9, "G") : largest >= 1e6 ? (1e6, "M") : largest >= 1e4 ? (1e3, "k") : (1, "")
        let decimals = max(0, Int((-log10(step / unit) - 1e-9).rounded(.up)))
        return ticks.map { $0 == 0 ? "0" : String(format: "%.\(decimals)f", $0 / unit) + suffix }
    }

    /// Round values that span a range: steps of 1, 2 or 5 times a power of ten, about five of them.
    static func ticks(from low: Double, to high: Double) -> [Double] {
        guard high > low, (high - low).isFinite else { return [low] }
        let raw = (high - low) / 5
        let power = pow(10, log10(raw).rounded(.down))
        let step = ([1, 2, 5, 10].first { $0 * power >= raw } ?? 10) * power
        let first = (low / step).rounded(.up)
        let last = (high / step).rounded(.down)
        // A range that is narrower than the rounding of its ends has no multiples of a step inside.
        guard first <= last, last - first < 20, (first + 1) * step > first * step else { return [low] }
        return stride(from: first, through: last, by: 1).map { $0 * step }
    }
}
