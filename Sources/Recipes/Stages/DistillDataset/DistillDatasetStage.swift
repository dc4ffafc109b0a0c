import Corpora
import DatasetDistillation
import RecipeSchema
import Support

/// Learns a few synthetic sequences that replace a corpus: their embeddings, and their nearest text, a corpus.
struct DistillDatasetStage: Stage {
    static let name = "distill_dataset"
    static let summary =
        "Dataset distillation: optimizes a few synthetic sequences that replace a corpus, and writes "
        + "their nearest text as a corpus."
    static let metricNames = ["documents", "tokens", "first_distance", "distance"]

    let corpus: [Reference]
    /// What a document of a text file is.
    let documents: TextDocuments
    /// The model whose embeddings the sequences are, and whose statistic of them is matched with that of the corpus.
    let model: Reference
    let method: MatchedStatistic
    /// Fraction of the corpus's tokens that the sequences have.
    let fraction: Double
    let steps: Int
    let learningRate: Double
    let lossOn: TargetScope
    let contextLength: Int
    let seed: UInt64?
    let outputName: String
    let sequencesName: String

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "corpus",
            "The text that the sequences replace.")
        documents = section.corpusDocuments()
        model = section.modelReference(
            "The model that the sequences are optimized for; a student is initialized from it.")
        method = section.value(
            "method", .choice, default: .gradient,
            "The statistic of the corpus that the sequences match: the gradient of the model's head, or its hidden states before "
                + "each token.")
        fraction = section.value(
            "fraction", .number(.aboveZero), example: "0.01",
            "Fraction of the corpus's tokens that the sequences have.")
        steps = section.value(
            "steps", .integer(DatasetDistiller.Options.stepsLimits), default: 200, "Gradient steps.")
        learningRate = section.value(
            "learning_rate", .number(DatasetDistiller.Options.learningRateLimits), default: 0.02,
            "Learning rate of the embeddings, in units of their root mean square; it decays to 0.")
        lossOn = section.value("loss_on", .choice, default: .standard, "The target tokens.")
        contextLength = section.value(
            "context", .integer(CorpusEncoder.contextLimits), default: CorpusEncoder.standardContext,
            "Maximum sequence length, in tokens.")
        seed = section.stageSeed()
        outputName = section.artifactName(default: "distilled")
        sequencesName = section.artifactName(at: "sequences_to", default: "sequences")
    }

    var outputs: [ArtifactDeclaration] {
        [
            .init(outputName, .corpus, file: "corpus.jsonl"),
            .init(sequencesName, .sequences, file: "sequences", keyPath: ["sequences_to"]),
        ]
    }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { seed ?? seeds.training }
}
