/// Encodes a text that comes in parts, in memory that does not depend on its length.
///
/// The ids are those that `Tokenizer.encodeContent` gives the whole text: it is divided before a space that no piece
/// reaches over. (A unigram model adds up scores in Float: where two segmentations of a long text are equally good, rounding
/// decides, and may decide otherwise in parts.) A text that has no such space for 16 MB is divided at any
/// character; so is one of a BPE vocabulary whose patterns are not known to divide before spaces.
///
///     var (encoder, ids) = (TextEncoder(tokenizer), [Int32]())
///     while let chunk = try chunks.next() { encoder.append(chunk, to: &ids) }
///     encoder.finish(to: &ids)
public struct TextEncoder {
    private let tokenizer: Tokenizer
    private var pending: [UInt8] = []
    private var hasBegun: Bool

    /// What is encoded at once.
    private let partBytes: Int
    /// Far above any text with spaces; text without any still fits into memory.
    private var longestPart: Int { 16 * partBytes }

    /// - Parameter continuing: whether the text follows other tokens, see `Tokenizer.encodeContent`
    public init(_ tokenizer: Tokenizer, continuing: Bool = false) {
        self.init(tokenizer, continuing: continuing, partBytes: 1 << 20)
    }

    init(_ tokenizer: Tokenizer, continuing: Bool = false, partBytes: Int) {
        self.tokenizer = tokenizer
        self.partBytes = partBytes
        hasBegun = continuing
    }

    /// Adds a part of the text, whole characters of UTF-8, and gives the ids that are certain by now.
    public mutating func append(_ text: some Collection<UInt8>, to ids: inout [Int32]) {
        pending.append(contentsOf: text)
        while pending.count >= 2 * partBytes, let end = endOfPart() { encode(upTo: end, to: &ids) }
    }

    /// Ends the text. The encoder then may begin another.
    public mutating func finish(to ids: inout [Int32]) {
        if !pending.isEmpty { encode(upTo: pending.count, to: &ids) }
        (hasBegun, isInside) = (false, false)
    }

    /// Whether a part of this text was encoded.
    private var isInside = false

    private mutating func encode(upTo end: Int, to ids: inout [Int32]) {
        var options: EncodingOptions = .guarding
        if hasBegun { options.insert(.continuing) }
        if isInside { options.insert(.goingOn) }
        pending.withUnsafeBufferPointer {
            tokenizer.appendIDs(of: .init(rebasing: $0[..<end]), options: options, to: &ids)
        }
        pending.removeFirst(end)
        (hasBegun, isInside) = (true, true)
    }

    /// Where the text can be divided, the last place in its first `partBytes`; if there is none, the first behind them.
    private func endOfPart() -> Int? {
        pending.withUnsafeBufferPointer { text in
            func isEnd(_ index: Int) -> Bool {
                text[index] == 0x20 && tokenizer.canDivide(text, before: index)
            }
            if let end = (1..<partBytes).last(where: isEnd) { return end }
            if let end = (partBytes..<text.count - 1).first(where: isEnd) { return end }
            guard text.count >= longestPart else { return nil }
            return (1..<longestPart).last { text[$0] & 0xC0 != 0x80 }
        }
    }
}
