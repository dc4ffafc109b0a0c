import Foundation

/// Estimates what a plan takes before anything is done.
public struct CostModel: Sendable {
    /// What a stage or a plan takes.
    public struct Estimate: Equatable, Sendable {
        public var seconds = 0.0
        /// The most memory in use at a time.
        public var memoryBytes = 0.0
        /// What stays on disk.
        public var diskBytes = 0.0
        /// What unfinished work takes on disk besides, until the stage is done.
        public var workBytes = 0.0
    }

    /// Matrix multiplications a second, in 10⁹ operations.
    public var gigaflops: Double

    public init(gigaflops: Double) { self.gigaflops = gigaflops }

    // The share of the multiplication rate that a whole stage reaches; measured with models of 1 to 6 million
    // parameters, for which everything but the products weighs most.
    static let generateShare = 0.35
    static let labelShare = 0.7
    static let trainShare = 0.45
    /// The share of `max_new_tokens` an answer uses before it ends.
    static let answerShare = 0.3
    /// Where a size is not known: that of a small tokenizer.
    static let usualVocabulary = 2048
    /// Of a process that has loaded its libraries and read a plan; most of it is their code.
    static let processBytes = 46e6
    /// What a thread's products pack in a buffer of OpenBLAS's, of which the rest is never touched.
    static let productBytes = 1.5e6
    /// JSON of a generated answer beside its text: keys, and where it comes from.
    static let recordBytes = 330.0
    /// Tokens that labelling and evaluating take from a corpus at once.
    static let passTokens = 2048.0

    /// An estimate for each stage of the plan, in order.
    public func estimates(of plan: Plan) -> [Estimate] {
        let extents = CorpusExtents()
        return plan.stages.map { Costs(plan: plan, instance: $0, model: self, extents: extents).estimate }
    }

    /// The plan as a whole: times and disk add up, memory does not.
    public static func total(of estimates: [Estimate]) -> Estimate {
        estimates.reduce(into: Estimate()) { sum, estimate in
            sum.seconds += estimate.seconds
            sum.diskBytes += estimate.diskBytes
            sum.memoryBytes = max(sum.memoryBytes, estimate.memoryBytes)
            sum.workBytes = max(sum.workBytes, estimate.workBytes)
        }
    }
}
