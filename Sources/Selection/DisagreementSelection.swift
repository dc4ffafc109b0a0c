import Corpora
import Transformer

/// Active learning by disagreement: chooses the documents on which a student is farthest from its teacher, by the mean of
/// KL(teacher ‖ student) over targets.
///
/// The documents are mostly the student's own answers to prompts that nobody has labelled yet. The teacher reads them, which costs a
/// forward pass and no generated token, and then answers the chosen prompts. A committee of two: query by committee, Seung et al. 1992.
///
/// - SeeAlso: `UncertaintySelection`, which needs no teacher.
public struct DisagreementSelection: SelectionMethod {
    private let teacher: DecoderModel
    private let student: DecoderModel

    /// - Parameters:
    ///   - teacher: shares the student's tokenizer
    ///   - student: the model that will be trained further
    public init(teacher: DecoderModel, student: DecoderModel) {
        self.teacher = teacher
        self.student = student
    }

    /// Chooses documents by their divergence.
    ///
    /// - Complexity: a forward pass of each model per document
    /// - Throws: `UserError` when the disk fails
    public func choose(
        from corpus: EncodedCorpus, budget: Int, progress: ((_ done: Int) -> Void)?
    ) throws -> [Int] {
        var choice = DocumentChoice(lengths: corpus.lengths, budget: budget)
        choice.takeHighest(
            try DocumentFeatures.divergences(corpus, student: student, teacher: teacher, progress))
        return choice.chosen.sorted()
    }
}
