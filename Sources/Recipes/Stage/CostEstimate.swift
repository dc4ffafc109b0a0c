/// What a stage or a plan takes.
public struct CostEstimate: Equatable, Sendable {
    /// Time.
    public var seconds: Double
    /// The most memory in use at a time.
    public var memoryBytes: Double
    /// What stays on disk.
    public var diskBytes: Double
    /// Additional disk space of unfinished work, until the stage is done.
    public var workBytes: Double
    /// Requests to endpoints.
    public var requests = 0.0
    /// What those cost; nil where no prices are given.
    public var money: Double?

    /// An estimate; what is left out is 0.
    public init(
        seconds: Double = 0, memoryBytes: Double = 0, diskBytes: Double = 0, workBytes: Double = 0
    ) {
        self.seconds = seconds
        self.memoryBytes = memoryBytes
        self.diskBytes = diskBytes
        self.workBytes = workBytes
    }
}
