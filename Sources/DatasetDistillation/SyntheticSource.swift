import Signals
import Training

/// Batches of synthetic sequences.
public final class SyntheticSource: BatchSource {
    private let sequences: SyntheticSequences
    /// The most tokens of a part.
    private let capacity: Int
    private var packer: Packer

    /// - Parameters:
    ///   - sequences: made by `DatasetDistiller`
    ///   - budget: the most tokens of a step
    ///   - parts: passes that a step is computed in, to save memory
    ///   - seed: of the order of the sequences
    public init(_ sequences: SyntheticSequences, budget: Int, parts: Int = 1, seed: UInt64) {
        self.sequences = sequences
        capacity = budget / parts
        packer = Packer(lengths: sequences.lengths, budget: budget, seed: seed)
    }

    /// The batches of a step.
    ///
    /// - Throws: nothing
    public func batches(forStep step: Int) throws -> [TrainingBatch] {
        let chosen = packer.batch(step)
        let lengths = chosen.map { Int(sequences.lengths[$0]) }
        return Packer.parts(lengths: lengths, capacity: capacity).map { part in
            sequences.batch(part.map { chosen[$0] })
        }
    }

    /// The number of steps, from the first, that have at least `tokens` tokens together.
    public func steps(reaching tokens: Int) -> Int { packer.batches(reaching: tokens) }
}
