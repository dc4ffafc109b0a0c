import Corpora

/// Greedy coverage of the text: chooses the document that adds most, per token, to what the chosen documents contain
/// (feature-based submodular functions, Wei, Liu, Kirchhoff & Bilmes 2014, doi 10.1109/ICASSP.2014.6854213).
///
/// It needs no model. Features are runs of targets, such as answers, see `TextCoverage`.
public struct CoverageSelection: SelectionMethod {
    /// There are no options.
    public init() {}

    /// Chooses documents by their gain per token.
    ///
    /// - Complexity: O(tokens) for the features, then O(features) per threshold
    /// - Throws: `UserError` when the disk fails
    public func choose(
        from corpus: EncodedCorpus, budget: Int, progress: ((_ done: Int) -> Void)?
    ) throws -> [Int] {
        var choice = DocumentChoice(lengths: corpus.lengths, budget: budget)
        try TextCoverage(corpus).choose(into: &choice)
        return choice.chosen.sorted()
    }
}
