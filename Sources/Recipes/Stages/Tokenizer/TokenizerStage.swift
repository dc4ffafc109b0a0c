import RecipeSchema
import Support
import Tokenization

/// Trains a SentencePiece tokenizer on text.
struct TokenizerStage: Stage {
    static let name = "tokenizer"
    static let summary = "Trains a SentencePiece tokenizer."
    static let metricNames = ["pieces"]

    /// The algorithm.
    enum Kind: String, CaseIterable { case unigram, bpe }

    let corpus: [Reference]
    let kind: Kind
    /// Pieces, the control pieces and bytes included.
    let vocabulary: Int
    /// Pieces that are never split, in addition to the role markers of the chat template.
    let symbols: [String]
    let outputName: String

    init(_ section: Section) {
        corpus = section.value(
            "corpus", .oneOrMore(.reference(to: .corpus)), example: "data/world/stories.jsonl",
            "The text to train on.")
        kind = section.value("kind", .choice, default: .unigram, "The algorithm.")
        vocabulary = section.value(
            "vocabulary", .integer(300...1_000_000), example: "2048",
            "Number of pieces, with 256 bytes and the control pieces.")
        symbols = section.value(
            "symbols", .list(of: .text, atLeast: 0), default: [], "Further pieces that are never split.")
        outputName = section.artifactName(default: "tokenizer")
    }

    var outputs: [ArtifactDeclaration] { [.init(outputName, .tokenizer, file: "tokenizer")] }

    func effectiveSeed(_ seeds: RunSeeds) -> UInt64 { seeds.recipe }

    func vocabularySize(ofOutput index: Int) -> Int? { vocabulary }

    func estimate(_ estimator: CostEstimator) -> CostEstimate {
        let bytes = estimator.extent(of: corpus).tokens * CorpusExtent.bytesPerToken
        // SentencePiece reads about a megabyte a second and keeps the text and its suffix array.
        return CostEstimate(
            seconds: 1 + bytes / 1e6, memoryBytes: CostEstimator.processBytes + 20 * bytes, diskBytes: 1e6)
    }
}
