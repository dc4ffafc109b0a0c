import Corpora

/// Batches of learned sequences.
public final class LearnedSource: BatchSource {
    private let sequences: LearnedSequences
    private let parts: Int
    private var packer: Packer

    /// - Parameters:
    ///   - budget: the most tokens of a step
    ///   - parts: passes that a step is computed in, to save memory
    public init(_ sequences: LearnedSequences, budget: Int, parts: Int = 1, seed: UInt64) {
        self.sequences = sequences
        self.parts = parts
        packer = Packer(lengths: sequences.lengths, budget: budget / parts, seed: seed)
    }

    public func batches(forStep step: Int) throws -> [TrainingBatch] {
        (0..<parts).map { sequences.batch(packer.batch(step * parts + $0)) }
    }
}
