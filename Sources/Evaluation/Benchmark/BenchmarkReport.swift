/// The result of one part of a benchmark.
public struct BenchmarkResult: Codable, Sendable {
    /// Median rate.
    public let tokensPerSecond: Double
    /// The rate of the model's matrix products as a fraction of the sgemm peak.
    public let fractionOfPeak: Double
    /// The machine's sgemm rate, the higher of two measurements before and after: a shared machine has slow moments.
    public let sgemmPeakGflops: Double
    /// Peak resident memory of the process so far; run a part alone to compare memory.
    public let peakRssMib: Int
}

/// All parts of a benchmark.
public struct BenchmarkReport: Codable, Sendable {
    /// The checkpoint, where one was measured instead of the reference shapes.
    public var model: String?
    /// Results by the name of the part.
    public var parts: [String: BenchmarkResult]

    /// A report, empty at first.
    public init(model: String? = nil, parts: [String: BenchmarkResult] = [:]) {
        self.model = model
        self.parts = parts
    }
}

/// A set of parts that can be measured one by one.
public protocol BenchmarkSuite {
    /// Names of the parts, in the order they are run.
    var parts: [String] { get }

    /// Measures a part: a warm-up, then the median of several runs.
    ///
    /// - Throws: `UserError` when there is no memory for it
    func run(_ part: String) throws -> BenchmarkResult
}
