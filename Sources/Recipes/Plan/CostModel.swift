import Foundation

/// Estimates what a plan takes before anything is done.
public struct CostModel: Equatable, Sendable {
    /// Matrix multiplications a second, in 10⁹ operations.
    public var gigaflops: Double

    /// A model of a machine with this rate.
    public init(gigaflops: Double) { self.gigaflops = gigaflops }

    /// An estimate for each stage of the plan, in order.
    public func estimates(of plan: Plan) -> [CostEstimate] {
        let extents = CorpusExtents()
        let instances = Dictionary(uniqueKeysWithValues: plan.stages.map { ($0.cacheKey, $0) })
        return plan.stages.map { instance in
            instance.stage.estimate(
                CostEstimator(
                    instances: instances, instance: instance, gigaflops: gigaflops, extents: extents))
        }
    }

    /// The plan as a whole: times and disk add up, memory does not.
    public static func total(of estimates: [CostEstimate]) -> CostEstimate {
        estimates.reduce(into: CostEstimate()) { sum, estimate in
            sum.seconds += estimate.seconds
            sum.diskBytes += estimate.diskBytes
            sum.memoryBytes = max(sum.memoryBytes, estimate.memoryBytes)
            sum.requests += estimate.requests
            sum.money = estimate.money.map { $0 + (sum.money ?? 0) } ?? sum.money
            sum.workBytes = max(sum.workBytes, estimate.workBytes)
        }
    }
}
