import Corpora

/// Chooses a subset of a corpus under a budget of tokens: data selection.
///
/// A method is a value that carries the models it needs:
///
///     let method = HerdingSelection(model: teacher)
///     let chosen = try method.choose(from: corpus, budget: corpus.tokenCount / 10)
///     let subset = corpus.choosing(chosen)
///
/// A new method is a type that conforms to this protocol. For recipes it needs a case of `SelectionMethodName`, and a line in
/// `Sources/Recipes/Stages/Select/SelectStage+Models.swift`, which creates the method from its name.
public protocol SelectionMethod {
    /// Chooses documents whose tokens together are at most the budget. A document that does not fit into what is left of it
    /// is skipped.
    ///
    /// - Parameters:
    ///   - corpus: no document is longer than the context of a model that the method runs
    ///   - budget: the most tokens of the chosen documents together
    ///   - progress: receives the number of documents that were evaluated
    /// - Returns: indices of documents, ascending
    /// - Throws: `UserError` when the disk fails
    func choose(
        from corpus: EncodedCorpus, budget: Int, progress: ((_ done: Int) -> Void)?
    ) throws -> [Int]
}

extension SelectionMethod {
    /// Chooses without reporting progress.
    ///
    /// - Throws: `UserError` when the disk fails
    public func choose(from corpus: EncodedCorpus, budget: Int) throws -> [Int] {
        try choose(from: corpus, budget: budget, progress: nil)
    }
}

/// The selection methods by the names that recipes use.
public enum SelectionMethodName: String, CaseIterable, Sendable {
    /// `RandomSelection`.
    case random
    /// `CoverageSelection`.
    case coverage
    /// `KCenterSelection`.
    case kCenter = "k_center"
    /// `HerdingSelection`.
    case herding
    /// `LossDifferenceSelection`.
    case difference
    /// `GradientSelection`.
    case gradient
    /// `DisagreementSelection`.
    case disagreement
    /// `UncertaintySelection` by entropy.
    case entropy
    /// `UncertaintySelection` by margin.
    case margin

    /// Whether the method runs a model that is not trained, such as the teacher.
    public var needsModel: Bool {
        switch self {
        case .kCenter, .herding, .difference, .gradient, .disagreement: true
        case .random, .coverage, .entropy, .margin: false
        }
    }
    /// Whether the method compares the model with a smaller one.
    public var needsSmallModel: Bool { self == .difference }
    /// Whether the method runs the student.
    public var needsStudent: Bool { self == .disagreement || self == .entropy || self == .margin }
    /// Whether the method runs no model, but reads token ids.
    public var needsTokenizer: Bool { self == .coverage }
    /// Whether the method compares documents with a target text.
    public var needsTarget: Bool { self == .gradient }
}
