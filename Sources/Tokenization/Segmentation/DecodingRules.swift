/// How decoding turns the bytes of pieces into text.
struct DecodingRules: Equatable, Sendable {
    /// What happens to spaces at the beginning of a text.
    enum LeadingSpaces: Equatable, Sendable {
        /// They stay.
        case kept
        /// One goes: the one that encoding put there.
        case one
        /// All go.
        case all
        /// All that are written as U+2581 in the first piece go, wherever they stand in it (the Metaspace decoder of
        /// `tokenizers`).
        case ofFirstPiece
    }

    /// What bytes give that are not UTF-8.
    enum Faults: Sendable {
        /// U+FFFD for each byte (SentencePiece).
        case eachByte
        /// U+FFFD for each maximal subpart of a character (Unicode 16, section 3.9; `tokenizers`).
        case maximalSubpart
    }

    var leadingSpaces = LeadingSpaces.kept
    var faults = Faults.maximalSubpart
    /// Whether every piece is made of bytes and may end inside a character.
    var isByteLevel = true
}
