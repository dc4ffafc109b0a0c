/// How often each length occurs: exact, in memory that depends on the number of different lengths.
public struct LengthDistribution: Equatable, Sendable {
    /// The number of items with each length.
    private var counts: [Int: Int] = [:]
    /// The number of items.
    public private(set) var count = 0
    /// The sum of all lengths.
    public private(set) var total = 0

    /// A distribution of no item.
    public init() {}

    /// Adds an item.
    public mutating func add(_ length: Int) {
        counts[length, default: 0] += 1
        count += 1
        total += length
    }

    /// The mean length; 0 of no item.
    public var mean: Double { count > 0 ? Double(total) / Double(count) : 0 }

    /// The smallest length that at least a fraction of the items does not exceed; 0 of no item.
    ///
    /// - Parameter fraction: in 0...1; 0 is the minimum, 0.5 the median, 1 the maximum
    public func quantile(_ fraction: Double) -> Int {
        quantiles([fraction])[0]
    }

    /// `quantile` of several ascending fractions, found in one pass.
    public func quantiles(_ fractions: [Double]) -> [Int] {
        let lengths = counts.sorted { $0.key < $1.key }
        var (results, index, sum) = ([Int](), 0, lengths.first?.value ?? 0)
        for fraction in fractions {
            let rank = max(1, Int((fraction * Double(count)).rounded(.up)))
            while index + 1 < lengths.count, sum < rank {
                index += 1
                sum += lengths[index].value
            }
            results.append(lengths.isEmpty ? 0 : lengths[index].key)
        }
        return results
    }

    /// A bin of the histogram.
    public struct Bin: Equatable, Sendable, Encodable {
        /// The least length of the bin.
        public let from: Int
        /// The greatest length of the bin.
        public let to: Int
        /// The number of items with these lengths.
        public let count: Int
    }

    /// The histogram from the least to the greatest length; a bin for each power of two, or each half of one where there are few.
    public var histogram: [Bin] {
        let bounds = quantiles([0, 1])
        guard count > 0 else { return [] }
        var edges = [0, 1]
        while edges[edges.count - 1] <= bounds[1] {
            let last = edges[edges.count - 1]
            // Lengths of 2 and 3 have no half.
            if last >= 4, bounds[1] / max(1, bounds[0]) < 64 { edges.append(last + last / 2) }
            edges.append(2 * last)
        }
        var bins = zip(edges, edges.dropFirst()).map { Bin(from: $0, to: $1 - 1, count: 0) }
        for (length, number) in counts {
            // The first edge above the length ends its bin.
            let bin = bins.firstIndex { length <= $0.to }!
            bins[bin] = Bin(from: bins[bin].from, to: bins[bin].to, count: bins[bin].count + number)
        }
        let used = bins.indices.filter { bins[$0].count > 0 }
        return Array(bins[used[0]...used[used.count - 1]])
    }
}

extension LengthDistribution: Encodable {
    private enum CodingKeys: String, CodingKey {
        case count, total, mean, minimum, p5, median, p95, maximum, histogram
    }

    /// Encodes the counts, five quantiles and the histogram.
    ///
    /// - Throws: what the encoder throws
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(total, forKey: .total)
        try container.encode(mean, forKey: .mean)
        let keys: [CodingKeys] = [.minimum, .p5, .median, .p95, .maximum]
        for (key, value) in zip(keys, quantiles([0, 0.05, 0.5, 0.95, 1])) {
            try container.encode(value, forKey: key)
        }
        try container.encode(histogram, forKey: .histogram)
    }
}
