import Corpora
import DatasetDistillation
import Support

/// Learns a few sequences that stand for a corpus: a corpus, their nearest text, and the sequences themselves.
public struct DistillDatasetStage: Sendable, RecipeSection {
    public let corpus: [Reference]
    /// What a document of a text file is.
    public let documents: TextDocuments
    /// Whose embeddings the sequences are, and whose statistic of them is to be that of the corpus.
    public let model: Reference
    public let method: MatchedStatistic
    /// Share of the corpus's tokens that the sequences have.
    public let share: Double
    public let steps: Int
    public let learningRate: Double
    public let lossOn: LossScope
    public let contextLength: Int
    public let seed: UInt64?
    let name: String
    let sequencesName: String

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus",
            "The text that the sequences are to stand for.")
        documents = section.corpusDocuments()
        model = section.modelReference("The model that reads them; a student begins from it.")
        method = section.value(
            "method", .choice, default: .gradient,
            "What sequences and corpus are to have in common: the gradient of the model's head, or its hidden states before "
                + "each token.")
        share = section.value(
            "share", .number(.aboveZero), example: "0.01",
            "Share of the corpus's tokens that the sequences have.")
        steps = section.value(
            "steps", .integer(DatasetDistiller.Options.stepsLimits), default: 200, "Gradient steps.")
        learningRate = section.value(
            "learning_rate", .number(DatasetDistiller.Options.learningRateLimits), default: 0.02,
            "Of embeddings in units of their root mean square; it falls to 0.")
        lossOn = section.value("loss_on", .choice, default: .standard, "The tokens that are to be learnt.")
        contextLength = section.value(
            "context", .integer(CorpusEncoder.contextLimits), default: CorpusEncoder.standardContext,
            "Longest sequence, in tokens.")
        seed = section.stageSeed()
        name = section.artefactName(default: "learned")
        sequencesName = section.artefactName(at: "sequences_to", default: "sequences")
    }
}
