/// What trimming asks of a vocabulary, whichever engine reads it.
protocol TrimmableVocabulary {
    /// Pieces that stay whatever the text, with all that they are made from.
    var indispensableIDs: Set<Int32> { get }

    /// A piece and those that it is made from: all that text passes through on its way to it.
    func ingredients(of id: Int32) -> Ingredients

    /// Pieces that no text used, the ones that other text needs most first.
    func candidates(preferring wishes: [Float]?) -> [Int32]

    /// The piece that a user names, with spaces for what the vocabulary writes otherwise.
    func id(named name: String) -> Int32?

    /// Whether a symbol may take the id of this piece.
    func isReplaceable(_ id: Int32) -> Bool

    /// The vocabulary of some pieces.
    ///
    /// - Parameters:
    ///   - ids: The pieces that stay, rising.
    ///   - symbols: New spellings of some of them, which become symbols.
    func trimmed(to ids: [Int32], renaming symbols: [Int32: String]) throws -> Tokenizer
}

/// What a piece is made from.
struct Ingredients {
    /// The piece itself and all others on the way to it.
    var ids: Set<Int32>
    /// Whether its own spelling becomes it: not every piece of a BPE vocabulary can be reached by its merges.
    var isFormed: Bool
}

/// Room for pieces to come, which nothing uses: Gemma 3 has 6,242 of them, Llama 3 246, tekken 980.
enum PlaceholderPiece {
    private static let names = [
        "<unused", "<reserved", "<|reserved", "<|unused", "[unused", "<SPECIAL_", "<|extra_", "<|placeholder",
        "[PAD",
    ]

    static func isOne(_ spelling: String) -> Bool {
        names.contains { spelling.hasPrefix($0) } && (spelling.hasSuffix(">") || spelling.hasSuffix("]"))
            && spelling.contains(where: \.isNumber)
    }
}
