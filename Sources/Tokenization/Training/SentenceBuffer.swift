/// Sentences in one buffer, split into lengths that the library's trainer accepts.
struct SentenceBuffer {
    private(set) var bytes: [UInt8] = []
    /// Where each sentence ends in `bytes`.
    private(set) var ends: [Int] = []

    /// The trainer leaves out longer sentences, in bytes.
    static let longestSentence = 4192
    /// U+2585 (▅). The trainer uses it as a mark of its own and leaves out sentences that contain it.
    private static let mark: [UInt8] = [0xe2, 0x96, 0x85]

    init(_ sentences: some Sequence<String>) {
        for sentence in sentences {
            var sentence = sentence
            sentence.withUTF8 { append($0) }
        }
    }

    /// Appends a sentence in parts: split after line ends and before the mark, which is dropped; parts that are still too long
    /// are split before a space or, without one, between characters.
    private mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        while start < text.count {
            if text[start...].starts(with: Self.mark) {
                start += Self.mark.count
                continue
            }
            let end = Self.endOfPart(text, from: start)
            bytes += text[start..<end]
            ends.append(bytes.count)
            start = end
        }
    }

    private static func endOfPart(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let limit = min(start + longestSentence, text.count)
        var space: Int?
        for index in start..<limit {
            switch text[index] {
            case UInt8(ascii: "\n"): return index + 1
            case UInt8(ascii: " ") where index > start: space = index
            case mark[0] where text[index...].starts(with: mark): return index
            default: break
            }
        }
        if limit == text.count { return limit }
        if let space { return space }
        var end = limit
        while UTF8.isContinuation(text[end]) { end -= 1 }
        return end
    }
}
