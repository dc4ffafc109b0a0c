import Corpora
import Support

/// A uniformly random choice of documents: the baseline for every other method.
public struct RandomSelection: SelectionMethod {
    /// Decides the choice.
    public let seed: UInt64

    /// - Parameter seed: decides the choice
    public init(seed: UInt64) { self.seed = seed }

    /// Chooses documents in random order.
    ///
    /// - Complexity: O(documents)
    public func choose(
        from corpus: EncodedCorpus, budget: Int, progress: ((_ done: Int) -> Void)?
    ) -> [Int] {
        choose(lengths: corpus.lengths, budget: budget)
    }

    /// Chooses documents by their lengths alone.
    ///
    /// - Parameters:
    ///   - lengths: of each document, in tokens or any other unit of the budget
    ///   - budget: the most that the chosen documents have together
    /// - Returns: indices of documents, rising
    public func choose(lengths: [UInt32], budget: Int) -> [Int] {
        var choice = DocumentChoice(lengths: lengths, budget: budget)
        var stream = RandomStream(seed: seed, purpose: "selection")
        for index in stream.permutation(of: lengths.count) { _ = choice.take(index) }
        return choice.chosen.sorted()
    }
}
