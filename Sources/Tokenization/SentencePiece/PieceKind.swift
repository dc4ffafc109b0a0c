/// What a piece of a vocabulary is for.
public enum PieceKind: String, CaseIterable, Codable, Sendable {
    /// Text, found by the model.
    case normal
    /// The unknown token, for text that no other piece covers.
    case unknown
    /// A control token, which text never encodes to, such as begin-of-sequence.
    case control
    /// A symbol that is kept whole wherever it occurs in a text, such as a role marker.
    case userDefined
    /// One byte of a character that has no piece of its own.
    case byte
    /// A piece that text is never encoded to; BPE merges may pass through it.
    case unused
}

/// How a vocabulary divides text into pieces.
public enum TokenizerKind: String, CaseIterable, Codable, Sendable {
    /// The most probable segmentation under a unigram language model (Kudo 2018, arXiv:1804.10959).
    case unigram
    /// Merges of neighbours in the order they were learnt (Sennrich et al. 2016, arXiv:1508.07909).
    case bpe
}

extension PieceKind {
    /// By the kinds' numbers in SentencePiece's schema, which GGUF shares.
    private static let numbered: [Int: PieceKind] = [
        1: .normal, 2: .unknown, 3: .control, 4: .userDefined, 5: .unused, 6: .byte,
    ]

    /// - Parameter number: 1 to 6; anything else is no kind.
    public init?(number: Int) {
        guard let kind = Self.numbered[number] else { return nil }
        self = kind
    }

    /// The kind's number in SentencePiece's schema.
    public var number: Int { Self.numbered.first { $0.value == self }!.key }
}
