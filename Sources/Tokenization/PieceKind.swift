/// What a piece of a vocabulary is for.
public enum PieceKind: String, CaseIterable, Codable, Sendable {
    /// Text, found by the model.
    case normal
    /// The one piece that stands for text no other piece can spell.
    case unknown
    /// A mark that is never made from text, such as the begin of a sequence.
    case control
    /// A symbol that is kept whole wherever it occurs in a text, such as a role marker.
    case userDefined
    /// One byte of a character that has no piece of its own.
    case byte
    /// A piece that takes part in nothing any more.
    case unused
}

/// How a vocabulary divides text into pieces.
public enum TokenizerKind: String, CaseIterable, Codable, Sendable {
    /// The most probable segmentation under a unigram language model (Kudo 2018, arXiv:1804.10959).
    case unigram
    /// Merges of neighbours in the order they were learnt (Sennrich et al. 2016, arXiv:1508.07909).
    case bpe
}
