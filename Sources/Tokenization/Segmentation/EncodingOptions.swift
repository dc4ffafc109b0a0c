/// How a text is read.
struct EncodingOptions: OptionSet {
    let rawValue: UInt8
    /// The text follows other tokens: SentencePiece puts no space before it.
    static let continuing = EncodingOptions(rawValue: 1)
    /// The text comes from outside: a role marker in it is text.
    static let guarding = EncodingOptions(rawValue: 2)
    /// The text is the next part of a longer one, which was divided where no piece reaches over: spaces at its beginning
    /// stay.
    static let goingOn = EncodingOptions(rawValue: 4)
}
