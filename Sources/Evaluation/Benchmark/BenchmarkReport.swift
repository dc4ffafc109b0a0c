/// What one part of a benchmark reached.
public struct BenchmarkResult: Codable, Sendable {
    public let tokensPerSecond: Double
    /// Share of the sgemm peak that the model's own matrix products make up.
    public let fractionOfPeak: Double
    /// The machine's limit, the higher of what `MachinePeak.sgemm` found before and after: a shared machine has slow moments.
    public let sgemmPeakGflops: Double
    /// Peak resident memory of the process so far; run a part alone to compare memory.
    public let peakRssMib: Int
}

/// All parts of a benchmark.
public struct BenchmarkReport: Codable, Sendable {
    /// The checkpoint, where one was measured instead of the reference shapes.
    public var model: String?
    public var parts: [String: BenchmarkResult]

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
    func run(_ part: String) throws -> BenchmarkResult
}
