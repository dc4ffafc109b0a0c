import Transformer

/// What one pass of the student sees: tokens, the positions whose loss counts, and the teacher's word on them.
public struct TrainingBatch: Sendable {
    public let tokens: TokenBatch
    /// Rows of `tokens` whose *next* token is a target, rising.
    public let positions: [Int]
    /// The tokens that follow those rows.
    public let targets: [Int32]
    /// Cached distributions at those rows, where the run uses a cache.
    public let signal: SparseSignal?

    /// - Parameters:
    ///   - tokens: sequences laid end to end
    ///   - isTarget: for each token of the batch, whether its loss counts; the first of a sequence never does
    ///   - signal: distributions for exactly the positions before targets, in order
    public init(tokens: TokenBatch, isTarget: [Bool], signal: SparseSignal? = nil) {
        precondition(isTarget.count == tokens.ids.count, "every token is a target or is not")
        var positions: [Int] = []
        // The one place where targets are shifted: row t predicts token t + 1 of the same sequence.
        for (start, end) in zip(tokens.segments, tokens.segments.dropFirst()) {
            for row in start..<end - 1 where isTarget[row + 1] { positions.append(row) }
        }
        precondition(
            signal == nil || signal!.positions == positions.count,
            "a signal of \(signal?.positions ?? 0) positions for \(positions.count) targets")
        self.tokens = tokens
        self.positions = positions
        self.targets = positions.map { tokens.ids[$0 + 1] }
        self.signal = signal
    }
}

/// Gives the batches of a run. A batch depends on its number alone, so that a resumed run sees what it would have seen.
public protocol BatchSource {
    /// The parts of step `step` (from 0), whose gradients are summed.
    func batches(forStep step: Int) throws -> [TrainingBatch]
}
