/// Trains a SentencePiece tokenizer on text.
public struct TokenizerStage: Sendable, RecipeSection {
    public enum Kind: String, CaseIterable, Sendable { case unigram, bpe }

    public let corpus: [Reference]
    public let kind: Kind
    /// Pieces, the control pieces and bytes included.
    public let vocabulary: Int
    /// Pieces that are never split, besides the role markers of the chat template.
    public let symbols: [String]
    let name: String

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
        name = section.artefactName(default: "tokenizer")
    }
}

extension Section {
    /// The key `to`, which every stage that makes an artefact has.
    func artefactName(at key: String = "to", default name: String) -> String {
        value(
            key, .name(reserved: ["teacher", "stages", "events"]), default: name, defaultText: name,
            inAddress: false,
            "The name of what the stage makes, for later stages and in the run directory.")
    }
}
