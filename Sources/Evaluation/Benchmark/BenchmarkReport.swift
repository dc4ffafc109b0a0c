/// What one part of a benchmark reached.
public struct BenchmarkResult: Codable, Sendable {
    public let tokensPerSecond: Double
    /// Share of the sgemm peak that the model's own matrix products make up.
    public let fractionOfPeak: Double
    /// Peak resident memory of the process so far; run a part alone to compare memory.
    public let peakRssMib: Int
}

/// All parts of a benchmark, and the machine's limit measured in the same process.
public struct BenchmarkReport: Codable, Sendable {
    /// The checkpoint, where one was measured instead of the reference shapes.
    public var model: String?
    public var sgemmPeakGflops: Double
    public var parts: [String: BenchmarkResult]

    public init(model: String? = nil, sgemmPeakGflops: Double, parts: [String: BenchmarkResult] = [:]) {
        self.model = model
        self.sgemmPeakGflops = sgemmPeakGflops
        self.parts = parts
    }
}

/// A set of parts that can be measured one by one.
public protocol BenchmarkSuite {
    /// Names of the parts, in the order they are run.
    var parts: [String] { get }

    /// Measures a part: a warm-up, then the median of several runs.
    ///
    /// - Parameter peak: GFLOP/s from `MachinePeak.sgemm`
    func run(_ part: String, peak: Double) throws -> BenchmarkResult
}
