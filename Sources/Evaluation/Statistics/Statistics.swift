import Foundation

/// Mean and standard deviation of values, summed in Float64.
public struct Statistics: Codable, Equatable, Sendable {
    /// Number of values.
    public let count: Int
    /// NaN without values.
    public let mean: Double
    /// Sample standard deviation (n − 1); 0 for fewer than two values.
    public let deviation: Double

    /// Statistics of Float32 values.
    public init(_ values: [Float]) { self.init(values.map(Double.init)) }

    /// Statistics of Float64 values.
    public init(_ values: [Double]) {
        count = values.count
        mean = values.reduce(0, +) / Double(values.count)
        let center = mean
        let squares = values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
        deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
    }

    /// Standard error of the mean, for independent values.
    public var standardError: Double { count > 0 ? deviation / Double(count).squareRoot() : .nan }
}

/// Mean and standard error of values that are not stored, summed in Float64.
struct RunningStatistics: Equatable {
    private(set) var count = 0
    private var sum = 0.0
    /// Squares are summed about the first value, which avoids cancellation where values are far from 0.
    private var shift = 0.0
    private var squares = 0.0

    mutating func add(_ value: Double) {
        if count == 0 { shift = value }
        count += 1
        sum += value
        squares += (value - shift) * (value - shift)
    }

    /// NaN without values.
    var mean: Double { sum / Double(count) }

    /// Standard error of the mean, for independent values; 0 for one.
    var standardError: Double {
        guard count > 1 else { return count == 1 ? 0 : .nan }
        let offset = mean - shift
        let variance = max(0, squares - Double(count) * offset * offset) / Double(count - 1)
        return (variance / Double(count)).squareRoot()
    }
}

extension [Float] {
    /// The value below which a fraction (0...1) of the values lies, interpolated linearly. The array is sorted.
    func percentile(_ fraction: Double) -> Double {
        guard let last else { return .nan }
        let position = fraction * Double(count - 1)
        let index = Int(position)
        guard index + 1 < count else { return Double(last) }
        return Double(self[index]) + (position - Double(index)) * Double(self[index + 1] - self[index])
    }
}
